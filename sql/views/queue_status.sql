-- Counts what is in the small tables; the history is entered by primary key, for the few messages in the action queue. An event
-- belongs to the tenant of its attachment, or says whose it is.
create or replace view pgwhen.queue_status with (security_barrier) as
with actions as materialized (
  select s.status, x.tenant, q.enqueued_at, q.vt
  from pgmq.q_pgwhen_actions q
  join pgwhen.executions x on x.execution_id = (q.message ->> 'execution')::uuid
  left join pgwhen.execution_steps s on s.execution_id = x.execution_id and s.step_id = q.message ->> 'step'
    and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
), place (place, state, count, oldest_at, next_at) as (
  select 'events', 'waiting', count(*), min(q.enqueued_at), min(q.vt)
  from pgmq.q_pgwhen_events q
  left join pgwhen.attachments a on a.attachment_id = (q.message ->> 'attachment')::integer
  where coalesce(a.tenant, q.message ->> 'tenant', 'default') = (select pgwhen.current_tenant())
  union all
  select 'actions', 'ready', count(*), min(r.queued_at), null
  from pgwhen.ready r
  where r.tenant = (select pgwhen.current_tenant())
  union all
  select 'actions', n.state, count(a.status), min(a.enqueued_at), min(a.vt)
  from (values ('queued'), ('claimed'), ('sending')) n (state)
  left join actions a on a.status = n.state and a.tenant = (select pgwhen.current_tenant())
  group by n.state
  union all
  select 'actions', 'held' || case when h.cause = 'stale' then ' as stale' when h.cause is not null then ' by kill switch'
    else coalesce(' by ' || h.connection, '') end, count(*), min(h.held_at), null
  from pgwhen.held h
  where h.tenant = (select pgwhen.current_tenant())
  group by h.cause, h.connection
  union all
  select 'sleeping', z.purpose, count(*), null, min(z.due_at)
  from pgwhen.sleepers z
  join pgwhen.unfinished u on u.execution_id = z.execution_id
  join pgwhen.workflows w on w.workflow_id = u.workflow_id
  where w.tenant = (select pgwhen.current_tenant())
  group by z.purpose
  union all
  select 'executions', 'unfinished', count(*), 
    min(to_timestamp((('x' || lpad(left(replace(u.execution_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint) / 1000.0)), null
  from pgwhen.unfinished u
  join pgwhen.workflows w on w.workflow_id = u.workflow_id
  where w.tenant = (select pgwhen.current_tenant())
  union all
  select 'steps', 'failed', count(*), min(f.failed_at), null
  from pgwhen.failures f
  join pgwhen.workflows w on w.workflow_id = f.workflow_id
  where w.tenant = (select pgwhen.current_tenant())
)
select p.place, p.state, p.count, p.oldest_at, p.next_at
from place p;
comment on view pgwhen.queue_status is 'How much waits where, since when, and when the next of it is due.';
comment on column pgwhen.queue_status.place is 'events, actions, sleeping, executions or steps.';
comment on column pgwhen.queue_status.state is
  'events: waiting. actions: ready, queued, claimed, sending, held. sleeping: delay, retry and others. executions: unfinished. steps: failed.';
comment on column pgwhen.queue_status.count is 'How many.';
comment on column pgwhen.queue_status.oldest_at is 'Since when the oldest waits.';
comment on column pgwhen.queue_status.next_at is 'When the next is due, or the first lease ends.';
