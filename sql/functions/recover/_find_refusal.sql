-- Why an execution is not retried, in words; null when it is. What is still moving is left to itself: a step that waits for
-- its next attempt will have it, and one in flight will report. Uncertain and held steps wait for exactly this decision. What an
-- item of a loop came to has gone into the loop's result, so that it is the loop that runs again.
create or replace function pgwhen._find_refusal(p_execution pgwhen.executions, p_scope text, p_step text) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_execution.status in ('pending', 'running', 'waiting') and not (c.parked and p_scope = 'failed') then
      format('%s: not finished', p_execution.status)
    when p_execution.body is not null and p_execution.finished_at is not null then
      format('item %s of the loop %s: retry the execution %s', p_execution.item_index, p_execution.body, p_execution.parent_execution_id)
    when p_execution.parent_execution_id is not null and p_execution.finished_at is not null and exists (
        select from pgwhen.executions p
        join pgwhen.steps t on t.workflow_id = p.workflow_id and t.version = p.version and t.step_id = p_execution.parent_step_id
        where p.execution_id = p_execution.parent_execution_id and t.compiled -> 'await' = 'true') then
      format('step %s has taken its result: retry the execution %s', p_execution.parent_step_id, p_execution.parent_execution_id)
    when exists (select from pgwhen.events e where e.event_id = p_execution.event_id and e.notes ? 'forgotten') then 'its record was forgotten'
    when p_scope = 'step' and not c.begun then format('step %s was not begun', p_step)
    when p_scope in ('step', 'start') then null
    when p_execution.status = 'cancelled' then 'cancelled'
    when not c.failed and not c.parked then
      case p_execution.status when 'failed' then 'failed by a stop: no step to retry' else 'completed: nothing failed' end
  end
  from (
    select coalesce(bool_or(s.status in ('failed', 'uncertain') or f.execution_id is not null), false) as failed,
      coalesce(bool_or(s.status in ('uncertain', 'held')), false) as parked,
      coalesce(bool_or(s.step_id = p_step and s.status <> 'not_reached'), false) as begun
    from pgwhen.execution_steps s
    left join pgwhen.failures f on f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation
    where s.execution_id = p_execution.execution_id and s.part = 0
  ) c
$$;
comment on function pgwhen._find_refusal(pgwhen.executions, text, text) is 'Why an execution cannot be retried; null when it can.';
