create or replace function pgwhen.archive_workflow(p_workflow text, p_reason text default null) returns jsonb
language sql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._set_status(p_workflow, 'archived', '{draft,active,paused}', 'archive_workflow', p_reason)
$$;
comment on function pgwhen.archive_workflow(text, text) is 'Ends a workflow for good: nothing starts it any more. Running executions go on, history stays.';
