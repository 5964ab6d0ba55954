-- One row: from its commit on no claim gives out what it concerns, and a poller that asks whether it may send is told to hold. What
-- is on its way ends, and is recorded. Delays, conditions and approvals go on; their actions are held.
create or replace function pgwhen.throw_kill_switch(p_reason text, p_workflow text default null, p_all boolean default false) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_workflow_id integer;
  v_scope text;
begin
  if coalesce(trim(p_reason), '') = '' then
    raise exception using errcode = 'WF170', message = 'a kill switch needs a reason',
      hint = 'Say why nothing may be sent: those who see held actions read it.';
  end if;
  if p_all and p_workflow is not null then
    raise exception using errcode = 'WF171', message = 'a kill switch is for one workflow or for all, not for both';
  end if;
  v_scope := pgwhen._switch_scope(p_workflow, p_all);
  v_workflow_id := case when p_workflow is not null then split_part(v_scope, ':', 2)::integer end;
  insert into pgwhen.kill_switches (scope, tenant, workflow_id, thrown_at, thrown_by, reason)
  values (v_scope, v_tenant, v_workflow_id, pgwhen._now(), coalesce(pgwhen._actor(), session_user), p_reason)
  on conflict (scope) do nothing;
  if not found then
    return 'already thrown';
  end if;
  perform pgwhen._audit('throw_kill_switch', array[coalesce(p_workflow, v_scope)], p_reason);
  return 'thrown';
end
$$;
comment on function pgwhen.throw_kill_switch(text, text, boolean) is 'Stops sending: of a workflow, of the tenant (neither given), or of everything (p_all, for the tenant default).
Nothing new is claimed, what is in flight ends, what becomes due is held until release_kill_switch. Returns thrown or already thrown.';
