-- Whoever was asked and has not voted; the next reminder is counted from this one.
create or replace function pgwhen._remind_approvals(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
  v_approvers text[];
begin
  with due as materialized (
    select r.approval_id, r.execution_id, r.step_id, t.compiled -> 'remind' as remind
    from unnest(p_steps) s
    cross join lateral (
      select q.approval_id, q.execution_id, q.step_id from pgwhen.approval_requests q
      where q.execution_id = s.execution_id and q.step_id = s.step_id and q.outcome is null
      offset 0) r
    join pgwhen.executions x on x.execution_id = s.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  ), reminded as (
    update pgwhen.approval_requests r
    set reminder_count = r.reminder_count + 1
    from due d
    where r.approval_id = d.approval_id
    returning r.approval_id, r.reminder_count
  ), again as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select d.execution_id, v_now + pgwhen._interval(d.remind ->> 'every'), d.step_id, 'remind'
    from due d
    join reminded n on n.approval_id = d.approval_id
    where n.reminder_count < (d.remind ->> 'max')::integer
  )
  select array_agg(a.approval_id), array_agg(a.approver) into v_ids, v_approvers
  from due d
  join pgwhen.approvers a on a.approval_id = d.approval_id
  where a.asked_at is not null and a.decision is null and a.withdrawn_at is null;
  perform pgwhen._send_approval_messages(v_ids, v_approvers, 'reminder');
end
$$;
comment on function pgwhen._remind_approvals(pgwhen.step_ref[]) is 'Reminds those who were asked and have not voted.';
