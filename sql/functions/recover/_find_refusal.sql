-- Why an execution is not retried, in words; null when it is. What is still moving is left to itself: a step that waits for
-- its next attempt will have it, and one in flight will report. Uncertain and held steps wait for exactly this decision.
create or replace function pgwhen._find_refusal(p_execution pgwhen.executions) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_execution.status = 'cancelled' then 'cancelled'
    when p_execution.status in ('pending', 'running', 'waiting') and not c.parked then
      format('%s: not finished', p_execution.status)
    when not c.failed and not c.parked then
      case p_execution.status when 'failed' then 'failed by a stop: no step to retry' else 'completed: nothing failed' end
  end
  from (
    select coalesce(bool_or(s.status in ('failed', 'uncertain') or f.execution_id is not null), false) as failed,
      coalesce(bool_or(s.status in ('uncertain', 'held')), false) as parked
    from pgwhen.execution_steps s
    left join pgwhen.failures f on f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation
    where s.execution_id = p_execution.execution_id
  ) c
$$;
comment on function pgwhen._find_refusal(pgwhen.executions) is 'Why an execution cannot be retried; null when it can.';
