create or replace function pgwhen.publish_workflow(p_workflow text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_workflow pgwhen.workflows;
  v_analysis jsonb;
  v_version integer;
begin
  perform pgwhen._lock_definitions();
  v_workflow := pgwhen._workflow(p_workflow);
  if v_workflow.status = 'archived' then
    raise exception using errcode = 'WF303', message = format('the workflow %s is archived', p_workflow),
      hint = 'Give the definition another identifier.';
  elsif v_workflow.draft is null then
    raise exception using errcode = 'WF304', message = format('the workflow %s has no draft to publish', p_workflow),
      hint = 'pgwhen apply changes and publishes a workflow.';
  end if;
  -- Tables may have changed since the draft was checked.
  v_analysis := pgwhen._analyse_definition(v_workflow.draft, v_workflow.tenant);
  v_version := pgwhen._publish(v_workflow.workflow_id, v_workflow.draft, v_workflow.draft_source, v_analysis);
  perform pgwhen._audit('publish_workflow', array[p_workflow], null, jsonb_build_object('version', v_version));
  return jsonb_build_object('workflow', p_workflow, 'version', v_version,
    'status', case v_workflow.status when 'draft' then 'active' else v_workflow.status end,
    'warnings', v_analysis -> 'problems');
end
$$;
comment on function pgwhen.publish_workflow(text) is 'Publishes the draft of a workflow as its next version.';
