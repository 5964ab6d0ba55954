-- Opens what approval steps ask: the request, its approvers, when it ends, and the first messages, all in the transaction of the
-- tick. Reminders and escalation are counted from here, as the end is.
create or replace function pgwhen._request_approvals(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
begin
  with context as materialized (
    select c.execution_id, c.step_id, c.context from pgwhen._build_contexts(p_steps, 'engine') c
  ), given as materialized (
    select pgwhen._log_id(v_now) as approval_id, x.execution_id, x.generation, x.tenant, c.step_id, t.compiled, c.context,
      case when t.compiled -> 'self' = 'true' then null else e.actor end as requester
    from context c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    left join pgwhen.events e on e.event_id = x.event_id
  ), request as (
    insert into pgwhen.approval_requests (approval_id, execution_id, requested_at, expires_at, generation, in_sequence, tenant, step_id, need,
      requester)
    select g.approval_id, g.execution_id, v_now, v_now + pgwhen._interval(g.compiled ->> 'expires'), g.generation,
      g.compiled -> 'sequence' = 'true', g.tenant, g.step_id, g.compiled ->> 'need', g.requester
    from given g
    returning approval_id
  ), sleeper as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select g.execution_id, v_now + pgwhen._interval(p.after), g.step_id, p.purpose
    from given g
    cross join lateral (values ('timeout', g.compiled ->> 'expires'), ('remind', g.compiled #>> '{remind,every}'),
      ('escalate', g.compiled #>> '{escalate,after}')) p (purpose, after)
    where p.after is not null
  ), asked as (
    insert into pgwhen.approvers (approval_id, token, place, approver, user_name, role_name, email, phone)
    select g.approval_id, gen_random_uuid(), a.place, a.approver, a.user_name, a.role_name, a.email, a.phone
    from given g
    cross join lateral pgwhen._resolve_approvers(g.compiled -> 'approvers', g.context, g.requester) a
  )
  select array_agg(r.approval_id) into v_ids from request r;
  perform pgwhen._check_quorum(v_ids);
  perform pgwhen._ask_approvers(v_ids);
end
$$;
comment on function pgwhen._request_approvals(pgwhen.step_ref[]) is 'Opens approvals: asks the approvers, and sets when it ends, reminds and escalates.';
