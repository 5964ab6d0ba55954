-- What was published has a history, which needs its definitions: it is archived, and its identifier stays taken. The state changes
-- before anything is cancelled, so that nothing new begins meanwhile.
create or replace function pgwhen.delete_workflow(p_workflow text, p_cancel boolean default false, p_reason text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_workflow pgwhen.workflows;
  v_unfinished bigint;
  v_ids uuid[];
  v_last uuid := uuid '00000000-0000-0000-0000-000000000000';
  v_cancelled integer := 0;
begin
  perform pgwhen._lock_definitions();
  v_workflow := pgwhen._workflow(p_workflow);
  if not exists (select from pgwhen.versions v where v.workflow_id = v_workflow.workflow_id) then
    delete from pgwhen.kill_switches k where k.workflow_id = v_workflow.workflow_id;
    delete from pgwhen.workflows w where w.workflow_id = v_workflow.workflow_id;
    perform pgwhen._audit('delete_workflow', array[p_workflow], p_reason, jsonb_build_object('draft', v_workflow.draft));
    return jsonb_build_object('workflow', p_workflow, 'status', 'deleted', 'cancelled', 0);
  end if;
  select count(*) into v_unfinished from pgwhen.unfinished u where u.workflow_id = v_workflow.workflow_id;
  if v_unfinished > 0 and not coalesce(p_cancel, false) then
    raise exception using errcode = 'WF226', message = format('the workflow %s has %s unfinished executions', p_workflow, v_unfinished),
      hint = format('pgwhen archive %1$s lets them end; pgwhen delete %1$s --cancel cancels them.', p_workflow);
  end if;
  if v_workflow.status <> 'archived' then
    perform pgwhen._set_status(p_workflow, 'archived', '{draft,active,paused}', 'delete_workflow', p_reason);
  end if;
  -- Those that others started by it, items of its loops for example, end with them.
  loop
    v_ids := array(select u.execution_id from pgwhen.unfinished u where u.workflow_id = v_workflow.workflow_id and u.execution_id > v_last order by u.execution_id limit 500);
    exit when v_ids = '{}';
    v_last := v_ids[cardinality(v_ids)];
    v_cancelled := v_cancelled + (
      select count(*) from pgwhen.cancel_executions(v_ids, coalesce(p_reason, 'the workflow was deleted')) c where c.result like 'cancelled%');
  end loop;
  update pgwhen.workflows w set draft = null, draft_source = null where w.workflow_id = v_workflow.workflow_id and w.draft is not null;
  return jsonb_build_object('workflow', p_workflow, 'status', 'archived', 'cancelled', v_cancelled);
end
$$;
comment on function pgwhen.delete_workflow(text, boolean, text) is 'Removes a workflow that was never published; archives any other, once its executions have ended, or with p_cancel cancels them. History stays.';
