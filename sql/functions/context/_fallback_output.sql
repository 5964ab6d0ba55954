-- The output of a fallback stands for that of the step that failed; the step's status and error stay what they are.
create or replace function pgwhen._fallback_output(p_execution_id uuid, p_workflow_id integer, p_version integer, p_step_id text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select f.output
  from pgwhen.steps t
  join pgwhen.execution_steps f on f.execution_id = p_execution_id and f.step_id = t.compiled ->> 'fallback' and f.part = 0
  where t.workflow_id = p_workflow_id and t.version = p_version and t.step_id = p_step_id
$$;
comment on function pgwhen._fallback_output(uuid, integer, integer, text) is 'Output of the fallback of a failed step, null where it has none.';
