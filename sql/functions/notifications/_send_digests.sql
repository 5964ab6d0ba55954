-- The first of those that collected for a window, and still wait, sends for all; the others are done. Who was cancelled meanwhile sends
-- nothing and is not told of.
create or replace function pgwhen._send_digests(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_sending pgwhen.step_ref[];
  v_done pgwhen.step_ref[];
begin
  with due as materialized (
    select n.execution_id, n.step_id, n.digest_id
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.notifications n on n.execution_id = r.execution_id and n.step_id = r.step_id and n.generation = x.generation
  ), first as materialized (
    select distinct on (d.digest_id) d.digest_id, d.execution_id, d.step_id from due d order by d.digest_id, d.execution_id, d.step_id
  ), taken as (
    update pgwhen.digests g set sent_by = f.execution_id
    from first f
    where g.digest_id = f.digest_id and g.sent_by is null
    returning f.execution_id, f.step_id, f.digest_id
  )
  select array_agg((d.execution_id, d.step_id)::pgwhen.step_ref) filter (where t.digest_id is not null),
    array_agg((d.execution_id, d.step_id)::pgwhen.step_ref) filter (where t.digest_id is null)
  into v_sending, v_done
  from due d
  left join taken t on t.execution_id = d.execution_id and t.step_id = d.step_id;
  if v_done is not null then
    update pgwhen.execution_steps s
    set status = 'completed', outcome = 'success', finished_at = v_now, reason = 'collected into a digest',
      output = jsonb_build_object('recipient', n.recipient, 'digest', n.digest_id, 'sent_by', g.sent_by)
    from (select u.*, 0 as part from unnest(v_done) u offset 0) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.notifications n on n.execution_id = r.execution_id and n.step_id = r.step_id and n.generation = x.generation
    join pgwhen.digests g on g.digest_id = n.digest_id
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part;
    perform pgwhen._advance(v_done);
  end if;
  if v_sending is not null then
    perform pgwhen._try_channels(v_sending);
  end if;
end
$$;
comment on function pgwhen._send_digests(pgwhen.step_ref[]) is 'Sends digests whose window has ended, each by one of the steps that collected for it.';
