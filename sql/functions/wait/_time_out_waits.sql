-- What came in time and was not looked at yet goes before the timeout, however late the tick is. Without a branch for it a
-- timeout is a failure.
create or replace function pgwhen._time_out_waits(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[];
  v_failed pgwhen.step_ref[];
  v_over pgwhen.step_ref[];
  v_messages text[];
begin
  v_settled := pgwhen._judge_waits(p_steps) || pgwhen._judge_conditions(p_steps) || pgwhen._judge_deliveries(p_steps);
  with over as (
    update pgwhen.execution_steps s
    set status = case when b.has_branch then 'completed' else 'failed' end,
      outcome = case when b.has_branch then 'timed_out' else 'error' end, finished_at = (select pgwhen._now()),
      reason = case when b.has_branch then 'timed out: nothing came within ' || (t.compiled #>> '{wait,timeout}') end,
      error = case when not b.has_branch then jsonb_build_object('class', 'permanent', 'code', 'timeout',
        'message', 'nothing came within ' || (t.compiled #>> '{wait,timeout}')) end
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
    cross join lateral (select exists (
      select from pgwhen.edges e
      where e.workflow_id = t.workflow_id and e.version = t.version and e.source = t.step_id and e.outcome = 'timed_out') as has_branch) b
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0 and s.status = 'waiting'
    returning s.execution_id, s.step_id, s.status, coalesce(s.reason, s.error ->> 'message') as message
  ), closed as (
    delete from pgwhen.waits c using over o where c.execution_id = o.execution_id and c.step_id = o.step_id
  )
  select array_agg((o.execution_id, o.step_id)::pgwhen.step_ref),
    array_agg((o.execution_id, o.step_id)::pgwhen.step_ref) filter (where o.status = 'failed'), array_agg(o.message)
  into v_over, v_failed, v_messages
  from over o;
  if v_over is not null then
    perform pgwhen._log('info', v_over, v_messages);
  end if;
  if v_failed is not null then
    perform pgwhen._record_failures(v_failed);
  end if;
  v_settled := v_settled || v_over;
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._time_out_waits(pgwhen.step_ref[]) is 'Ends waits whose time is up.';
