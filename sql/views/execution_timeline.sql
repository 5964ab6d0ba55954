-- One row for each thing that happened. Asked for one execution, every branch is an index look-up in one partition; seq puts what
-- happened in the same moment into its natural order.
create or replace view pgwhen.execution_timeline with (security_barrier) as
select x.execution_id, w.workflow, h.at, h.happening, h.step_id, h.generation, h.attempt, h.state, h.sent_to, h.subject, h.detail, h.error,
  h.seq
from (
  select x.execution_id, e.occurred_at, 'event', null::text, null::integer, null::integer, null::text, null::text[], null::text,
    e.type || coalesce(' ' || e.key::text, ''), null::jsonb, 10
  from pgwhen.executions x
  join pgwhen.events e on e.event_id = x.event_id
  union all
  select x.execution_id, x.started_at, 'execution started', null, x.generation, null, null, null, null,
    format('version %s', x.version), null, 20
  from pgwhen.executions x
  union all
  select s.execution_id, s.queued_at, 'step started', s.step_id, s.generation, null, null, null, null, null, null, 30
  from pgwhen.execution_steps s
  where s.status not in ('not_reached', 'skipped') and s.part = 0
  union all
  select m.execution_id, m.frozen_at, 'message', m.step_id, m.generation, null, null, m.recipients,
    coalesce(m.message ->> 'subject', (m.message ->> 'method') || ' ' || (m.message ->> 'url'), left(m.message ->> 'text', 160)),
    m.channel || coalesce(' by ' || m.connection, ''), null, 40
  from pgwhen.frozen_messages m
  union all
  select a.execution_id, a.finished_at, 'attempt', a.step_id, a.generation, a.attempt, a.class, null, null,
    concat_ws(', ', case when a.late then 'late: nothing follows from it' end, a.provider_message_id), a.error, 50
  from pgwhen.attempts a
  union all
  select l.execution_id, l.at, l.level, l.step_id, null, null, null, null, null, l.message, l.data, 60
  from pgwhen.logs l
  union all
  select s.execution_id, s.finished_at, 'step ' || s.status, s.step_id, s.generation, nullif(s.attempt, 0), s.status, null, null,
    coalesce(s.reason, case when s.outcome in ('true', 'false') then s.outcome end), s.error, 70
  from pgwhen.execution_steps s
  where s.finished_at is not null and s.part = 0
  union all
  select r.execution_id, a.decided_at, 'vote', r.step_id, r.generation, null, a.decision, null, null,
    concat(a.approver, ' ', a.decision, ': ' || a.comment), null, 65
  from pgwhen.approvers a
  join pgwhen.approval_requests r on r.approval_id = a.approval_id
  where a.decision is not null
  union all
  select z.execution_id, z.due_at, 'due: ' || z.purpose, z.step_id, null, null, null, null, null, null, null, 80
  from pgwhen.sleepers z
  union all
  select x.execution_id, x.finished_at, 'execution ' || x.status, null, x.generation, null, x.status, null, null, x.reason, x.error, 90
  from pgwhen.executions x
  where x.finished_at is not null
) h (execution_id, at, happening, step_id, generation, attempt, state, sent_to, subject, detail, error, seq)
join pgwhen.executions x on x.execution_id = h.execution_id
join pgwhen.workflows w on w.workflow_id = x.workflow_id
where x.tenant = (select pgwhen.current_tenant());
comment on view pgwhen.execution_timeline is 'What happened in each execution, one row for each thing. Order by at, seq; ask for one execution_id.';
comment on column pgwhen.execution_timeline.execution_id is 'The execution.';
comment on column pgwhen.execution_timeline.workflow is 'Its workflow.';
comment on column pgwhen.execution_timeline.at is 'When; in the future for what is due.';
comment on column pgwhen.execution_timeline.happening is
  'event, execution started, step started, message (fixed before the first attempt), attempt, vote (on an approval), step completed and the like, due: delay and the like, execution completed and the like; a remark has its level.';
comment on column pgwhen.execution_timeline.step_id is 'The step, if it concerns one.';
comment on column pgwhen.execution_timeline.generation is 'Generation: one more for each retry by an operator.';
comment on column pgwhen.execution_timeline.attempt is 'Number of the attempt.';
comment on column pgwhen.execution_timeline.state is 'State of the step or execution, or class of the attempt.';
comment on column pgwhen.execution_timeline.sent_to is 'Recipients of the message.';
comment on column pgwhen.execution_timeline.subject is 'Subject of an e-mail, beginning of another text, method and address of a request.';
comment on column pgwhen.execution_timeline.detail is 'In words.';
comment on column pgwhen.execution_timeline.error is 'The error: class, code, message.';
comment on column pgwhen.execution_timeline.seq is 'Order of what happened in the same moment.';
