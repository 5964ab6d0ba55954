-- The current version goes on from what the steps that stay came to, so these must be in it, as they were.
create or replace function pgwhen._find_version_refusal(p_execution pgwhen.executions, p_step text, p_again text[]) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_execution.status in ('pending', 'running', 'waiting') then
      format('%s: only what has ended is retried in another version', p_execution.status)
    when p_execution.parent_step_id is not null and p_execution.body is not null then 'an item of a loop has the version of its loop'
    when p_step is not null and not exists (
      select from pgwhen.steps t where t.workflow_id = w.workflow_id and t.version = w.active_version and t.step_id = p_step) then
      format('version %s has no step %s', w.active_version, p_step)
    else (
      select format('step %s has run, and version %s has it no more', string_agg(o.step_id, ', ' order by o.position), w.active_version)
      from pgwhen.execution_steps s
      join pgwhen.steps o on o.workflow_id = w.workflow_id and o.version = p_execution.version and o.step_id = s.step_id
      left join pgwhen.steps t on t.workflow_id = w.workflow_id and t.version = w.active_version and t.step_id = s.step_id
        and t.type = o.type and t.body is not distinct from o.body
      where s.execution_id = p_execution.execution_id and s.part = 0 and s.status not in ('cancelled', 'not_reached')
        and s.step_id <> all (p_again) and t.step_id is null
      having count(*) > 0)
  end
  from pgwhen.workflows w
  where w.workflow_id = p_execution.workflow_id and w.active_version <> p_execution.version
$$;
comment on function pgwhen._find_version_refusal(pgwhen.executions, text, text[]) is 'Why an execution cannot go on in the current version of its workflow when the steps in p_again run again; null when it can.';
