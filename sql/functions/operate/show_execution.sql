-- Everything about one execution in one document, for the command line and for user interfaces. Messages are shown as they were
-- frozen: free of secrets, a secret is a reference there.
create or replace function pgwhen.show_execution(p_execution_id uuid) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_execution jsonb;
begin
  select jsonb_build_object(
    'execution_id', x.execution_id, 'workflow', w.workflow, 'name', w.name, 'version', x.version, 'status', x.status,
    'reason', x.reason, 'error', x.error, 'had_failures', x.had_failures, 'generation', x.generation, 'priority', x.priority,
    'depth', x.depth, 'tenant', x.tenant, 'started_at', x.started_at, 'finished_at', x.finished_at,
    'event', jsonb_build_object('event_id', x.event_id, 'type', e.type, 'operation', e.operation, 'occurred_at', e.occurred_at,
      'actor', e.actor, 'changed', to_jsonb(e.changed), 'cause', e.cause, 'input', e.input),
    'parent', case when x.parent_execution_id is not null then jsonb_build_object('execution_id', x.parent_execution_id,
      'step_id', x.parent_step_id, 'index', x.item_index, 'item', x.item) end,
    'edited_input', x.input,
    'record', case when x.record_key is not null then
      jsonb_build_object('table', a.schema_name || '.' || a.table_name, 'key', x.record_key) end,
    'steps', pgwhen._show_steps(x),
    'logs', coalesce((
      select jsonb_agg(jsonb_build_object('at', l.at, 'level', l.level, 'step_id', l.step_id, 'message', l.message, 'data', l.data)
        order by l.at, l.log_id)
      from pgwhen.logs l where l.execution_id = x.execution_id), '[]'),
    'audit', coalesce((
      select jsonb_agg(jsonb_build_object('at', u.at, 'actor', u.actor, 'command', u.command, 'reason', u.reason) order by u.audit_id)
      from pgwhen.audit_log u where u.target = x.execution_id::text and u.tenant = x.tenant), '[]'))
  into v_execution
  from pgwhen.executions x
  join pgwhen.workflows w on w.workflow_id = x.workflow_id
  left join pgwhen.events e on e.event_id = x.event_id
  left join pgwhen.attachments a on a.attachment_id = x.attachment_id
  where x.execution_id = p_execution_id and x.tenant = pgwhen._tenant();
  if v_execution is null then
    raise exception using errcode = 'WF202', message = format('execution %s does not exist', coalesce(p_execution_id::text, 'null')),
      hint = 'pgwhen executions lists the latest; finished ones are dropped after the days in the setting retention_days.';
  end if;
  return v_execution;
end
$$;
comment on function pgwhen.show_execution(uuid) is 'One execution as a document: what started it, each step with its messages and attempts, remarks, what operators did.
Times are ISO 8601 in UTC. A step that has not begun has no status.';
