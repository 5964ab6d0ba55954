create or replace function pgwhen.pause_workflow(p_workflow text, p_reason text default null) returns jsonb
language sql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._set_status(p_workflow, 'paused', '{active}', 'pause_workflow', p_reason)
$$;
comment on function pgwhen.pause_workflow(text, text) is 'Stops starts of a workflow: its events are recorded as skipped. Running executions go on.';
