-- Why an execution is not retried, in words; null when it is. What is still moving is left to itself: a step that waits for
-- its next attempt will have it, and one in flight will report. Uncertain and held steps wait for exactly this decision.
create or replace function pgwhen._find_refusal(p_execution pgwhen.executions) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_execution.status = 'cancelled' and not c.failed then 'cancelled: nothing failed'
    when p_execution.status in ('pending', 'running') or p_execution.status = 'waiting' and not c.parked then
      format('%s: not finished', p_execution.status)
    when not c.failed and not c.parked then
      case when p_execution.status = 'failed' then 'failed by a stop: no step to retry' else 'completed: nothing failed' end
    when w.status = 'archived' then format('the workflow %s is archived', w.workflow)
  end
  from pgwhen.workflows w
  cross join lateral (
    select coalesce(bool_or(s.status = 'failed'), false) as failed,
      coalesce(bool_or(s.status in ('uncertain', 'held')), false) as parked
    from pgwhen.execution_steps s
    where s.execution_id = p_execution.execution_id
  ) c
  where w.workflow_id = p_execution.workflow_id
$$;
comment on function pgwhen._find_refusal(pgwhen.executions) is 'Why an execution cannot be retried; null when it can.';
