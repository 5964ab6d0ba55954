-- In the transaction of the change. Where nobody listens it is one look-up; a change that a workflow makes carries its cause, as every
-- event does.
create or replace function pgwhen._tell_change(p_workflow_id integer, p_change text, p_version integer) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_workflow constant pgwhen.workflows := (select w from pgwhen.workflows w where w.workflow_id = p_workflow_id);
  v_type constant text := 'workflow.' || p_change;
  v_source constant text := format('event:%s:%s', v_workflow.tenant, v_type);
  v_actor constant text := coalesce(pgwhen._actor(), session_user);
  v_cause jsonb;
begin
  if exists (select from pgwhen.trigger_keys k where k.match_key = v_source)
    or exists (select from pgwhen.watch_keys k where k.source = v_source) then
    v_cause := pgwhen._cause();
    perform pgwhen._enqueue_event(jsonb_build_object('v', 1, 'operation', 'event', 'type', v_type, 'tenant', v_workflow.tenant, 'actor', v_actor,
        'input', jsonb_build_object('workflow', v_workflow.workflow, 'version', p_version, 'actor', v_actor))
      || case when v_cause is null then '{}' else jsonb_build_object('cause', v_cause) end, pgwhen._now());
  end if;
end
$$;
comment on function pgwhen._tell_change(integer, text, integer) is 'Emits workflow.published, workflow.paused and the like, if a workflow of the tenant listens.';
