-- The definition becomes a new version, since numbers never mean something else than they did. A draft stays a draft.
create or replace function pgwhen.rollback_workflow(p_workflow text, p_version integer, p_reason text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_workflow pgwhen.workflows;
  v_source pgwhen.versions;
  v_analysis jsonb;
  v_version integer;
begin
  perform pgwhen._lock_definitions();
  v_workflow := pgwhen._workflow(p_workflow);
  if v_workflow.status = 'archived' then
    raise exception using errcode = 'WF303', message = format('the workflow %s is archived', p_workflow),
      hint = 'Give the definition another identifier.';
  end if;
  select v.* into v_source from pgwhen.versions v
  where v.workflow_id = v_workflow.workflow_id and v.version = pgwhen._version_number(v_workflow, p_version::text);
  if v_source.definition = pgwhen._version_definition(v_workflow, v_workflow.active_version) then
    raise exception using errcode = 'WF308', message = format('version %s of %s is what new executions get already', p_version, p_workflow),
      detail = format('The active version is %s.', v_workflow.active_version), hint = format('pgwhen diff %s shows what versions differ in.', p_workflow);
  end if;
  -- Tables may have changed since it was published.
  v_analysis := pgwhen._analyse_definition(v_source.definition, v_workflow.tenant);
  v_version := pgwhen._publish(v_workflow.workflow_id, v_source.definition, v_source.source, v_analysis);
  update pgwhen.workflows w set draft = v_workflow.draft, draft_source = v_workflow.draft_source
  where w.workflow_id = v_workflow.workflow_id and v_workflow.draft is not null;
  perform pgwhen._audit('rollback_workflow', array[p_workflow], p_reason,
    jsonb_build_object('definition_of', p_version, 'version', v_version, 'was', v_workflow.active_version));
  return jsonb_build_object('workflow', p_workflow, 'version', v_version, 'definition_of', p_version, 'was', v_workflow.active_version,
    'status', v_workflow.status, 'warnings', v_analysis -> 'problems', 'unfinished', (
      select coalesce(jsonb_object_agg(u.version, u.count), '{}') from (
        select n.version, count(*) from pgwhen.unfinished n where n.workflow_id = v_workflow.workflow_id group by n.version) u));
end
$$;
comment on function pgwhen.rollback_workflow(text, integer, text) is 'Publishes the definition of an earlier version as the next version. Executions under way stay on theirs.';
