-- Those to whom it escalates are asked at once, beside the others or with replace in the place of those who have not voted. Votes that
-- were given count on.
create or replace function pgwhen._escalate_approvals(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_replaced uuid[];
  v_asked uuid[];
  v_approvers text[];
begin
  select array_agg(r.approval_id) into v_replaced
  from unnest(p_steps) s
  cross join lateral (
    select q.approval_id from pgwhen.approval_requests q
    where q.execution_id = s.execution_id and q.step_id = s.step_id and q.outcome is null
    offset 0) r
  join pgwhen.executions x on x.execution_id = s.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  where t.compiled #> '{escalate,replace}' = 'true';
  update pgwhen.approvers a
  set withdrawn_at = v_now, withdrawn_because = 'replaced: nobody had decided in time'
  from unnest(v_replaced) i (approval_id)
  where a.approval_id = i.approval_id and a.decision is null and a.withdrawn_at is null;

  with context as materialized (
    select c.execution_id, c.step_id, c.context from pgwhen._build_contexts(p_steps, 'engine') c
  ), escalated as (
    insert into pgwhen.approvers (approval_id, token, asked_at, place, approver, user_name, role_name, email, phone)
    select r.approval_id, gen_random_uuid(), v_now, a.place + 1000, a.approver, a.user_name, a.role_name, a.email, a.phone
    from context c
    cross join lateral (
      select q.approval_id, q.requester from pgwhen.approval_requests q
      where q.execution_id = c.execution_id and q.step_id = c.step_id and q.outcome is null
      offset 0) r
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    cross join lateral pgwhen._resolve_approvers(t.compiled #> '{escalate,to}', c.context, r.requester) a
    -- Somebody who is an approver already is asked again, and comes back if replaced.
    on conflict (approval_id, approver) do update
    set withdrawn_at = null, withdrawn_because = null, asked_at = coalesce(approvers.asked_at, v_now)
    where approvers.decision is null
    returning approval_id, approver
  )
  select array_agg(e.approval_id), array_agg(e.approver) into v_asked, v_approvers from escalated e;
  perform pgwhen._log('info', array_agg((r.execution_id, r.step_id)::pgwhen.step_ref), array_agg('escalated to ' || e.approver))
  from unnest(v_asked, v_approvers) e (approval_id, approver)
  join pgwhen.approval_requests r on r.approval_id = e.approval_id;
  perform pgwhen._send_approval_messages(v_asked, v_approvers, 'escalation');
  perform pgwhen._conclude_approval(i.approval_id) from unnest(v_replaced) i (approval_id);
end
$$;
comment on function pgwhen._escalate_approvals(pgwhen.step_ref[]) is 'Asks those to whom an undecided approval escalates.';
