-- Compare and set: the state that a command starts from is part of what it means. Activations say when a workflow was active,
-- so that an event starts what was active when it occurred.
create or replace function pgwhen._set_status(p_workflow text, p_status text, p_from text[], p_command text,
  p_reason text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_workflow pgwhen.workflows;
begin
  perform pgwhen._lock_definitions();
  v_workflow := pgwhen._workflow(p_workflow);
  if v_workflow.status <> all (p_from) then
    raise exception using errcode = case p_status when 'paused' then 'WF301' when 'active' then 'WF302' else 'WF303' end,
      message = format('the workflow %s is %s, not %s', p_workflow, v_workflow.status, array_to_string(p_from, ' or ')),
      hint = case v_workflow.status when 'archived'
        then 'An archived workflow stays so; apply its definition under another identifier.'
        when 'draft' then 'Publish it first: pgwhen apply.' else 'pgwhen workflows shows the states.' end;
  end if;
  update pgwhen.workflows w set status = p_status, updated_at = v_now where w.workflow_id = v_workflow.workflow_id;
  -- A period that would last no time is none.
  delete from pgwhen.activations a where a.workflow_id = v_workflow.workflow_id and a.until_at is null and a.from_at >= v_now;
  update pgwhen.activations a set until_at = v_now where a.workflow_id = v_workflow.workflow_id and a.until_at is null;
  if p_status in ('active', 'paused') then
    insert into pgwhen.activations (workflow_id, from_at, status) values (v_workflow.workflow_id, v_now, p_status)
    on conflict (workflow_id, from_at) do update set status = excluded.status, until_at = null;
  end if;
  if p_status = 'archived' then
    perform pgwhen._refresh_subscriptions();
  end if;
  perform pgwhen._tell_change(v_workflow.workflow_id, case p_status when 'active' then 'resumed' else p_status end, v_workflow.active_version);
  perform pgwhen._audit(p_command, array[p_workflow], p_reason, jsonb_build_object('from', v_workflow.status, 'to', p_status));
  return jsonb_build_object('workflow', p_workflow, 'status', p_status, 'was', v_workflow.status,
    'unfinished', (select count(*) from pgwhen.unfinished u where u.workflow_id = v_workflow.workflow_id));
end
$$;
comment on function pgwhen._set_status(text, text, text[], text, text) is 'Changes the state of a workflow if it is in one of the states given.';
