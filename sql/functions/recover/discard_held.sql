-- What is not worth sending any more is skipped, so that what comes after it goes on. A message that a step sends beside its own work (a
-- request for approval) is cancelled; its step goes on waiting.
create or replace function pgwhen.discard_held(p_filter jsonb, p_reason text, p_max integer default 10000) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found pgwhen.held_ref[] := pgwhen._find_held(p_filter);
  v_held pgwhen.held_ref[] := v_found[1:p_max];
  v_discarded integer := 0;
  v_row record;
begin
  if coalesce(trim(p_reason), '') = '' then
    raise exception using errcode = 'WF159', message = 'actions are discarded for a reason, and none was given',
      hint = 'Give p_reason (--reason): it is shown with each step, and kept in the audit log.';
  end if;
  for v_row in
    select h.step_id, array_agg(h.execution_id) as ids
    from unnest(v_held) h
    where h.part = 0
    group by h.step_id
    order by h.step_id
  loop
    v_discarded := v_discarded + (
      select count(*) from pgwhen.skip_step(v_row.ids, v_row.step_id, p_reason) s where s.result like 'skipped%');
  end loop;
  with gone as (
    delete from pgwhen.held h
    using unnest(v_held) i
    where i.part > 0 and h.execution_id = i.execution_id and h.step_id = i.step_id and h.part = i.part
    returning h.execution_id, h.step_id, h.part
  ), step as (
    update pgwhen.execution_steps s
    set status = 'cancelled', finished_at = (select pgwhen._now()), reason = 'discarded: ' || p_reason
    from gone g
    where s.execution_id = g.execution_id and s.step_id = g.step_id and s.part = g.part
    returning s.execution_id
  )
  select v_discarded + count(*) into v_discarded from step s;
  perform pgwhen._audit('discard_held', array['held'], p_reason, jsonb_build_object('filter', p_filter, 'actions', v_discarded));
  return jsonb_build_object('discarded', v_discarded, 'left', cardinality(v_found) - cardinality(v_held));
end
$$;
comment on function pgwhen.discard_held(jsonb, text, integer) is 'Skips held actions, p_max at most, and goes on after them: {discarded, left}. p_filter as for release_held.';
