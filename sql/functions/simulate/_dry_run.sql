-- The caller rolls back. A version of our own, an event, the decision of dispatch, an execution, and the engine.
create or replace function pgwhen._dry_run(p_workflow pgwhen.workflows, p_event jsonb, p_given jsonb, p_draft boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_started timestamptz := pgwhen._clock();
  v_now timestamptz := coalesce((p_event ->> 'at')::timestamptz, v_started);
  v_after bigint := coalesce((select max(q.msg_id) from pgmq.q_pgwhen_actions q), 0);
  v_version integer;
  v_event pgwhen.events;
  v_start jsonb;
  v_id uuid;
  v_result jsonb;
begin
  insert into pgwhen.settings (name, value) values ('dry_run:' || pg_backend_pid(), 'true');
  perform set_config('pgwhen.now', to_json(v_now) #>> '{}', true);
  v_version := pgwhen._simulated_version(p_workflow, p_draft, p_given);
  v_event := pgwhen._simulated_event(p_workflow, v_version, p_event);
  v_start := pgwhen._simulated_start(v_event, p_workflow.workflow_id, v_version);
  v_result := jsonb_build_object('workflow', p_workflow.workflow, 'status', p_workflow.status,
    'version', case when p_draft then null else p_workflow.active_version end, 'draft', p_draft, 'starts', v_start -> 'trigger_no' <> 'null',
    'reasons', v_start -> 'reasons', 'event', jsonb_build_object('event_id', v_event.event_id, 'type', v_event.type,
      'operation', v_event.operation, 'occurred_at', v_event.occurred_at, 'key', v_event.key, 'changed', v_event.changed, 'new', v_event.new,
      'old', v_event.old, 'input', v_event.input));
  if v_start -> 'trigger_no' = 'null' then
    return v_result || '{"executions": [], "actions": [], "statements": [], "unknown": []}';
  end if;

  v_id := pgwhen._execution_id(p_workflow.workflow_id, 'dry_run:' || v_event.event_id, v_started);
  insert into pgwhen.executions (execution_id, event_id, started_at, workflow_id, version, trigger_no, attachment_id, depth, priority, tenant,
    status, record_key)
  select v_id, v_event.event_id, v_now, v.workflow_id, v.version, (v_start ->> 'trigger_no')::integer, v_event.attachment_id, v_event.depth,
    coalesce((v.compiled ->> 'priority')::smallint, 2), v_event.tenant, 'running', v_event.key
  from pgwhen.versions v
  where v.workflow_id = p_workflow.workflow_id and v.version = v_version;
  insert into pgwhen.unfinished (execution_id, workflow_id, version) values (v_id, p_workflow.workflow_id, v_version);
  perform pgwhen._run_steps(array(
    select (v_id, r)::pgwhen.step_ref
    from pgwhen.versions v
    cross join lateral unnest(v.roots) r
    where v.workflow_id = p_workflow.workflow_id and v.version = v_version));
  v_result := v_result || pgwhen._simulate(array[v_id], v_after, p_given, 'infinity');
  return v_result || jsonb_build_object('unknown',
    pgwhen._simulated_unknown(array[v_id], p_workflow.workflow_id, v_version, p_given));
end
$$;
comment on function pgwhen._dry_run(pgwhen.workflows, jsonb, jsonb, boolean) is 'Does what dry_run says, and leaves it done: the caller rolls back.';
