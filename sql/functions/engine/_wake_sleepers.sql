-- Executions are locked before anything of theirs changes, in id order, as everywhere; one that somebody else holds is left
-- for the next tick.
create or replace function pgwhen._wake_sleepers(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._now();
  v_ids uuid[];
  v_delays pgwhen.step_ref[];
  v_retries pgwhen.step_ref[];
begin
  select array_agg(distinct s.execution_id) into v_ids
  from (select d.execution_id from pgwhen.sleepers d where d.due_at <= v_now order by d.due_at limit p_max) s;
  if v_ids is null then
    return 0;
  end if;
  v_ids := array(
    select x.execution_id
    from unnest(v_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    order by x.execution_id
    for no key update of x skip locked);
  with woken as (
    delete from pgwhen.sleepers s
    using unnest(v_ids) i (execution_id)
    where s.execution_id = i.execution_id and s.due_at <= v_now
    returning s.execution_id, s.step_id, s.purpose
  )
  select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.purpose = 'delay'),
    array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.purpose = 'retry')
  into v_delays, v_retries
  from woken w;
  perform pgwhen._fail_point('tick.woken');
  if v_delays is not null then
    perform pgwhen._wake_guarded(v_delays);
  end if;
  if v_retries is not null then
    perform pgwhen._enqueue_actions(v_retries);
    perform pgwhen._refresh_executions(array(select distinct r.execution_id from unnest(v_retries) r));
  end if;
  return coalesce(cardinality(v_delays), 0) + coalesce(cardinality(v_retries), 0);
end
$$;
comment on function pgwhen._wake_sleepers(integer) is 'Goes on with up to p_max steps whose time has come; returns how many.';
