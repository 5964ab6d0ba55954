create or replace function pgwhen._version_definition(p_workflow pgwhen.workflows, p_version integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_version is null then p_workflow.draft
    else (select v.definition from pgwhen.versions v where v.workflow_id = p_workflow.workflow_id and v.version = p_version) end
$$;
comment on function pgwhen._version_definition(pgwhen.workflows, integer) is 'Definition of a version; of the draft for null.';
