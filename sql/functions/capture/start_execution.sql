-- The execution is made by the next tick, as for every event; its id follows from the event's.
create or replace function pgwhen.start_execution(
  p_workflow text,
  p_input jsonb default '{}',
  p_key text default null
) returns uuid
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_cause jsonb := pgwhen._cause();
  v_workflow record;
  v_input jsonb;
  v_event_id uuid;
begin
  perform pgwhen._check_payload(p_input, p_key);
  perform pgwhen._require_workflow(coalesce(p_workflow, ''));
  select w.workflow_id, w.status, w.active_version, v.compiled,
    exists (select from pgwhen.trigger_keys k where k.match_key = 'manual:' || w.workflow_id) as is_manual
  into v_workflow
  from pgwhen.workflows w
  left join pgwhen.versions v on v.workflow_id = w.workflow_id and v.version = w.active_version
  where w.tenant = v_tenant and w.workflow = p_workflow;
  if v_workflow.status <> 'active' then
    raise exception using errcode = 'WF310', message = format('workflow %s is %s', p_workflow,
        case v_workflow.status when 'draft' then 'not published' else v_workflow.status end),
      hint = case v_workflow.status when 'draft' then 'Publish it first.' when 'paused' then 'Resume it first.' else 'An archived workflow does not come back: apply it under another name.' end;
  elsif not v_workflow.is_manual then
    raise exception using errcode = 'WF314', message = format('workflow %s has no manual trigger', p_workflow),
      hint = 'Add {manual: true} to its when and publish it.';
  end if;
  v_input := pgwhen._check_inputs(v_workflow.compiled -> 'inputs', p_input);

  v_event_id := pgwhen._enqueue_once('start:' || v_workflow.workflow_id, p_key,
    jsonb_build_object('v', 1, 'operation', 'manual', 'type', 'start', 'tenant', v_tenant, 'workflow_id', v_workflow.workflow_id,
        'input', v_input, 'actor', pgwhen._actor())
      || case when v_cause is null then '{}' else jsonb_build_object('cause', v_cause) end);
  return pgwhen._execution_id(v_workflow.workflow_id, 'event:' || v_event_id, pgwhen._id_time(v_event_id));
end
$$;
comment on function pgwhen.start_execution(text, jsonb, text) is 'Starts a workflow that has a manual trigger. Part of the caller''s transaction; the execution is there after the next tick.
p_input is checked against the workflow''s inputs and completed by their defaults; with p_key the same start happens once, and the first one''s id is returned again. Returns the execution''s id.';
