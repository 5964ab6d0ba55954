-- From the small tables of work in hand; the history is entered by primary key. An action is in one of them at a time.
create or replace view pgwhen.pending_actions with (security_barrier) as
select s.execution_id, w.workflow, s.step_id, s.part, t.type, s.status, p.since, p.due_at, s.generation, s.attempt, p.connection,
  coalesce(p.reason, s.reason) as reason, x.priority, s.error ->> 'message' as last_error, s.tries,
  (select count(*) from pgwhen.attempts a
    where a.execution_id = s.execution_id and a.step_id = s.step_id and a.generation = s.generation and a.part = s.part)::integer
    + (s.status = 'sending')::integer as attempts
from (
  select r.execution_id, r.step_id, r.part, r.queued_at, null::timestamptz, null::text, null::text
  from pgwhen.ready r
  union all
  select (q.message ->> 'execution')::uuid, q.message ->> 'step', (q.message ->> 'part')::integer, q.enqueued_at, q.vt, null, null
  from pgmq.q_pgwhen_actions q
  union all
  select h.execution_id, h.step_id, h.part, h.held_at, null, h.connection, h.reason
  from pgwhen.held h
  union all
  select z.execution_id, z.step_id, z.part, null, z.due_at, null, null
  from pgwhen.sleepers z
  where z.purpose = 'retry'
  union all
  select f.execution_id, f.step_id, 0, f.failed_at, null, null, null
  from pgwhen.failures f
) p (execution_id, step_id, part, since, due_at, connection, reason)
join pgwhen.execution_steps s on s.execution_id = p.execution_id and s.step_id = p.step_id and s.part = p.part
join pgwhen.executions x on x.execution_id = p.execution_id
join pgwhen.workflows w on w.workflow_id = x.workflow_id
join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
where s.status in ('ready', 'queued', 'claimed', 'sending', 'sleeping', 'held', 'uncertain')
  and w.tenant = (select pgwhen.current_tenant());
comment on view pgwhen.pending_actions is 'Actions that have not ended: what each waits for, since when, until when.';
comment on column pgwhen.pending_actions.execution_id is 'The execution.';
comment on column pgwhen.pending_actions.workflow is 'Its workflow.';
comment on column pgwhen.pending_actions.step_id is 'The step.';
comment on column pgwhen.pending_actions.part is 'Message of the step.';
comment on column pgwhen.pending_actions.type is 'Type of the step.';
comment on column pgwhen.pending_actions.status is
  'ready (waits for admission), queued, claimed, sending, sleeping (until its next attempt), held or uncertain (a person decides).';
comment on column pgwhen.pending_actions.since is 'Since when it waits there; null while it sleeps.';
comment on column pgwhen.pending_actions.due_at is 'When it is due, or when the lease of a claimed one ends.';
comment on column pgwhen.pending_actions.generation is 'Generation of the step.';
comment on column pgwhen.pending_actions.attempt is 'Number of the latest claim. What is held or deferred was claimed, and is no attempt.';
comment on column pgwhen.pending_actions.connection is 'Paused connection that a held one waits for.';
comment on column pgwhen.pending_actions.reason is 'Why it waits, in words.';
comment on column pgwhen.pending_actions.priority is '1 high, 2 normal, 3 low.';
comment on column pgwhen.pending_actions.last_error is 'What the last attempt said.';
comment on column pgwhen.pending_actions.tries is 'Attempts that count for the retry policy: throttling and refused credentials do not use up attempts.';
comment on column pgwhen.pending_actions.attempts is 'Attempts so far: those that were answered or given up, and the one that is being sent.';
