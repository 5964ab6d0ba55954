-- What dispatch recorded comes first; what it did not need to record is found out again.
create or replace function pgwhen._explain_workflow(p_event pgwhen.events, p_workflow pgwhen.workflows) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_execution pgwhen.executions;
  v_skipped jsonb := (
    select s.entry from jsonb_array_elements(p_event.notes -> 'skipped') s (entry) where s.entry ->> 'workflow' = p_workflow.workflow limit 1);
  v_version integer;
  v_activation text;
  v_triggers jsonb := '[]'::jsonb;
  v_context jsonb;
  v_reason text;
begin
  select x.* into v_execution from pgwhen.executions x
  where x.execution_id = pgwhen._execution_id(p_workflow.workflow_id, 'event:' || p_event.event_id, pgwhen._asked_at(p_event));
  v_version := coalesce(v_execution.version, (v_skipped ->> 'version')::integer, (
    select max(v.version) from pgwhen.versions v where v.workflow_id = p_workflow.workflow_id and v.published_at <= p_event.dispatched_at));
  select a.status into v_activation from pgwhen.activations a
  where a.workflow_id = p_workflow.workflow_id and a.from_at <= pgwhen._asked_at(p_event)
    and (a.until_at is null or a.until_at > pgwhen._asked_at(p_event));

  if v_execution.execution_id is null and v_skipped is null then
    if v_version is not null then
      v_context := pgwhen._explained_context(p_event, p_workflow.workflow_id, v_version);
      select coalesce(jsonb_agg(case when v_context ? 'refused'
          then jsonb_build_object('trigger', coalesce(t.trigger_id, t.trigger_no::text), 'matches', null, 'reason', v_context -> 'refused')
          else pgwhen._explain_trigger(p_event, t, v_context) end order by t.trigger_no), '[]')
      into v_triggers
      from pgwhen.triggers t
      where t.workflow_id = p_workflow.workflow_id and t.version = v_version
        and (t.attachment_id = p_event.attachment_id or (p_event.operation = 'event' and t.event_type = p_event.type));
    end if;
    v_reason := case
      when v_version is null then coalesce(
        (select format('it was first published at %s, after the event', pgwhen._when(min(v.published_at))) from pgwhen.versions v
         where v.workflow_id = p_workflow.workflow_id having count(*) > 0),
        'it has never been published')
      when v_triggers = '[]' then format('version %s has no trigger for this', v_version)
      when not v_triggers @> '[{"matches": true}]' then (
        select string_agg(case when jsonb_array_length(v_triggers) > 1 then format('trigger %s: ', t.entry ->> 'trigger') else '' end || (t.entry ->> 'reason'), '; ')
        from jsonb_array_elements(v_triggers) t (entry))
      when v_activation is null then 'it was not active when the event occurred'
      when p_event.status = 'failed' then 'matching the event failed: ' || coalesce(p_event.error ->> 'message', 'no error recorded')
      when v_triggers @> '[{"matches": true, "reads_record": true}]' then 'it matches the record as it is now; when the event was matched, the record was different'
      else 'it matches, but no execution is there: it was removed, or the trigger was changed since'
    end;
  end if;
  return jsonb_build_object(
    'workflow', p_workflow.workflow, 'name', p_workflow.name, 'status', p_workflow.status, 'version', v_version,
    'started', v_execution.execution_id is not null,
    'skipped', v_skipped ->> 'reason',
    'reason', coalesce(v_skipped ->> 'detail', v_skipped ->> 'reason', v_reason),
    'triggers', v_triggers,
    'execution', case when v_execution.execution_id is not null then pgwhen._explain_execution(v_execution) end);
end
$$;
comment on function pgwhen._explain_workflow(pgwhen.events, pgwhen.workflows) is 'What an event meant to a workflow: {workflow, version, started, reason, triggers, execution}.';
