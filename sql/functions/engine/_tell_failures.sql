-- The workflow that on_error names gets a start of its own, as if a person had started it with this input. It is looked up now, not
-- when the failing one was published: where it has gone, the event says that nothing started.
create or replace function pgwhen._tell_failures(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
begin
  perform pgwhen._enqueue_event(jsonb_build_object('v', 1, 'operation', 'manual', 'type', 'failure', 'tenant', x.tenant, 'workflow_id', h.workflow_id,
      'actor', 'workflow ' || w.workflow, 'cause', jsonb_build_object('execution', x.execution_id, 'depth', x.depth + 1),
      'input', jsonb_build_object('workflow', w.workflow, 'execution', x.execution_id, 'step', r.step_id,
        'error', coalesce(x.error - 'step', jsonb_build_object('class', 'permanent', 'code', 'stopped', 'message', x.reason)),
        'event', jsonb_build_object('id', e.event_id, 'type', e.type, 'table', a.table_name, 'operation', e.operation,
          'occurred_at', e.occurred_at, 'actor', e.actor),
        'record', x.record_key)),
    pgwhen._now())
  from unnest(p_steps) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.workflows w on w.workflow_id = x.workflow_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
  join pgwhen.workflows h on h.tenant = x.tenant and h.workflow = t.compiled ->> 'error_workflow'
  left join pgwhen.events e on e.event_id = x.event_id
  left join pgwhen.attachments a on a.attachment_id = e.attachment_id;
end
$$;
comment on function pgwhen._tell_failures(pgwhen.step_ref[]) is 'Starts the workflows that on_error hands failures of these steps to.';
