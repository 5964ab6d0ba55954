create or replace function pgwhen._explain_event(p_event pgwhen.events) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_workflows jsonb;
  v_table text := (select format('%s.%s', a.schema_name, a.table_name) from pgwhen.attachments a where a.attachment_id = p_event.attachment_id);
  v_lines text[];
begin
  select coalesce(jsonb_agg(e.explained order by e.explained -> 'started' desc, e.explained ->> 'workflow'), '[]')
  into v_workflows
  from (
    select pgwhen._explain_workflow(p_event, w) as explained
    from pgwhen.workflows w
    where w.tenant = p_event.tenant
      and (
        exists (
          select from pgwhen.triggers t
          where t.workflow_id = w.workflow_id
            and (t.attachment_id = p_event.attachment_id or (p_event.operation = 'event' and t.event_type = p_event.type)))
        or exists (
          select from pgwhen.executions x
          where x.execution_id = pgwhen._execution_id(w.workflow_id, 'event:' || p_event.event_id, pgwhen._asked_at(p_event)))
        or exists (select from jsonb_array_elements(p_event.notes -> 'skipped') s (entry) where s.entry ->> 'workflow' = w.workflow))
  ) e;
  v_lines := array[format('%s%s%s, occurred %s%s (event %s)', p_event.type, coalesce(' ' || p_event.key::text, ''),
      case when p_event.changed is not null then format(', changed: %s', coalesce(nullif(array_to_string(p_event.changed, ', '), ''), 'nothing')) else '' end,
      pgwhen._when(p_event.occurred_at), ' by ' || p_event.actor, p_event.event_id)]
    || case p_event.notes -> 'request' ->> 'kind' when 'replay' then format('it is a replay of event %s, asked for at %s', p_event.notes -> 'request' ->> 'event', pgwhen._when(pgwhen._asked_at(p_event)))
      when 'backfill' then 'a backfill made it of a row that was there' end
    || case when p_event.status = 'failed' then format('matching it failed: %s', coalesce(p_event.error ->> 'message', 'no error recorded')) end
    || case when p_event.notes ? 'capture_error' then format('captured without its columns: %s', p_event.notes ->> 'capture_error') end
    || case when p_event.notes ? 'forgotten' then format('its record was forgotten at %s: what it said is not known any more', pgwhen._when((p_event.notes ->> 'forgotten')::timestamptz)) end
    || case when v_workflows = '[]' then 'no workflow has a trigger for it' end;
  return jsonb_build_object(
    'event_id', p_event.event_id, 'state', p_event.status, 'type', p_event.type, 'table', v_table, 'operation', p_event.operation,
    'occurred_at', p_event.occurred_at, 'dispatched_at', p_event.dispatched_at, 'actor', p_event.actor, 'depth', p_event.depth,
    'key', p_event.key, 'changed', p_event.changed, 'error', p_event.error, 'workflows', v_workflows,
    'lines', array_remove(v_lines, null) || array(
      select format('%s: %s', w.entry ->> 'workflow', case
        when (w.entry -> 'started')::boolean then 'started ' || (w.entry -> 'execution' ->> 'text')
        else 'not started: ' || coalesce(w.entry ->> 'reason', 'no reason found') end)
      from jsonb_array_elements(v_workflows) with ordinality w (entry, n)
      order by w.n));
end
$$;
comment on function pgwhen._explain_event(pgwhen.events) is 'Explains a dispatched event; see explain_event.';
