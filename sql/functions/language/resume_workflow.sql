create or replace function pgwhen.resume_workflow(p_workflow text, p_reason text default null) returns jsonb
language sql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._set_status(p_workflow, 'active', '{paused}', 'resume_workflow', p_reason)
$$;
comment on function pgwhen.resume_workflow(text, text) is 'Lets a paused workflow start again; what happened meanwhile stays skipped.';
