-- A message is a part of its step: a row of its own in execution_steps and in the queue, claimed, frozen, sent and retried as any
-- action is, and without influence on the step. Its text is made when it is claimed (_approval_message). An approver without an
-- address for the channel finds the request under pgwhen approvals; if nobody asked has one, that is noted.
create or replace function pgwhen._send_approval_messages(p_approval_ids uuid[], p_approvers text[], p_kind text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_steps pgwhen.step_ref[];
  v_parts integer[];
begin
  with given as materialized (
    select r.approval_id, r.execution_id, r.step_id, r.generation, r.tenant, a.approver, a.place, c.type,
      case c.type when 'sms' then a.phone else a.email end is not null as is_reachable
    from unnest(p_approval_ids, p_approvers) g (approval_id, approver)
    join pgwhen.approval_requests r on r.approval_id = g.approval_id
    join pgwhen.approvers a on a.approval_id = g.approval_id and a.approver = g.approver
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
    cross join lateral (
      select case (
        select n.channel from pgwhen.connections n
        where n.name = t.compiled ->> 'via' and n.tenant in (r.tenant, 'default')
        order by n.tenant = r.tenant desc limit 1) when 'sms' then 'sms' else 'email' end as type) c
  ), numbered as materialized (
    select g.*, coalesce(m.part, 0) + (row_number() over (partition by g.approval_id order by g.place, g.approver))::integer as part,
      coalesce(m.number, 0) + 1 as number
    from given g
    cross join lateral (
      select max(m.part) as part, max(m.number) filter (where m.kind = p_kind and m.approver = g.approver) as number
      from pgwhen.approval_messages m where m.approval_id = g.approval_id) m
    where g.is_reachable
  ), recorded as (
    insert into pgwhen.approval_messages (approval_id, part, number, kind, type, approver)
    select n.approval_id, n.part, n.number, p_kind, n.type, n.approver from numbered n
  ), unreachable as (
    insert into pgwhen.logs (log_id, at, execution_id, level, tenant, step_id, message, data)
    select pgwhen._log_id(v_now), v_now, g.execution_id, 'warning', g.tenant, g.step_id,
      format('no %s was sent: %s %s no %s; the approval stands under pgwhen approvals', p_kind,
        string_agg(g.approver, ', ' order by g.place, g.approver), case count(*) when 1 then 'has' else 'have' end,
        case min(g.type) when 'sms' then 'telephone number' else 'e-mail address' end),
      jsonb_build_object('approval', g.approval_id)
    from given g
    group by g.approval_id, g.execution_id, g.tenant, g.step_id
    having not bool_or(g.is_reachable)
  ), written as (
    insert into pgwhen.execution_steps (execution_id, queued_at, generation, part, step_id, status)
    select n.execution_id, v_now, n.generation, n.part, n.step_id, 'waiting' from numbered n
    returning execution_id, step_id, part
  )
  select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref), array_agg(w.part) into v_steps, v_parts from written w;
  if v_steps is not null then
    perform pgwhen._enqueue_actions(v_steps, v_parts);
  end if;
end
$$;
comment on function pgwhen._send_approval_messages(uuid[], text[], text) is 'Queues a request, reminder or escalation to each of these approvers.';
