-- In the order of the definition. A step without a row has not begun; it is shown while the execution lasts, because it may.
create or replace function pgwhen._show_steps(p_execution pgwhen.executions) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'step_id', t.step_id, 'part', coalesce(s.part, 0), 'type', t.type, 'name', t.name, 'message', nullif(trim(pgwhen._message_prefix(s)), ''),
      'approval', p.approval, 'delivery', pgwhen._delivery_state(s.execution_id, s.step_id, s.generation, s.part), 'children', k.children, 'status', s.status, 'outcome', s.outcome,
      'reason', s.reason, 'generation', s.generation, 'attempt', s.attempt, 'tries', s.tries,
      'queued_at', s.queued_at, 'started_at', s.started_at, 'finished_at', s.finished_at,
      'output', s.output, 'error', s.error, 'due', d.due, 'held', h.held, 'messages', coalesce(m.messages, '[]'), 'attempts', coalesce(a.attempts, '[]'))
    order by t.position, s.part), '[]')
  from pgwhen.steps t
  left join pgwhen.execution_steps s on s.execution_id = p_execution.execution_id and s.step_id = t.step_id
  left join lateral (
    select pgwhen._approval_state(r.approval_id) || jsonb_build_object('expires_at', r.expires_at) as approval
    from pgwhen.approval_requests r
    where r.execution_id = s.execution_id and r.step_id = s.step_id and r.generation = s.generation and s.part = 0
  ) p on true
  left join lateral (
    select jsonb_build_object('purpose', z.purpose, 'at', z.due_at) as due
    from pgwhen.sleepers z
    where z.execution_id = s.execution_id and z.step_id = s.step_id and z.part = s.part
    order by z.due_at limit 1
  ) d on true
  left join lateral (
    select jsonb_build_object('since', h.held_at, 'connection', h.connection, 'reason', h.reason) as held
    from pgwhen.held h
    where h.execution_id = s.execution_id and h.step_id = s.step_id and h.part = s.part
  ) h on true
  left join lateral (
    select jsonb_agg(jsonb_build_object('generation', m.generation, 'channel', m.channel, 'connection', m.connection,
      'recipients', to_jsonb(m.recipients), 'frozen_at', m.frozen_at, 'message', m.message) order by m.generation) as messages
    from pgwhen.frozen_messages m
    where m.execution_id = s.execution_id and m.step_id = s.step_id and m.part = s.part
  ) m on true
  left join lateral (
    select jsonb_agg(jsonb_build_object('generation', a.generation, 'attempt', a.attempt, 'class', a.class, 'late', a.late,
      'started_at', a.started_at, 'finished_at', a.finished_at, 'provider_message_id', a.provider_message_id,
      'error', a.error, 'answer', a.answer) order by a.generation, a.attempt) as attempts
    from pgwhen.attempts a
    where a.execution_id = s.execution_id and a.step_id = s.step_id and a.part = s.part
  ) a on true
  left join lateral (
    select pgwhen._show_children(s.execution_id, s.step_id, s.generation) as children where t.type in ('loop', 'start') and s.part = 0
  ) k on true
  where t.workflow_id = p_execution.workflow_id and t.version = p_execution.version and t.body is not distinct from p_execution.body
    and (s.execution_id is not null or p_execution.finished_at is null)
$$;
comment on function pgwhen._show_steps(pgwhen.executions) is 'The steps of an execution as an array of objects.';
