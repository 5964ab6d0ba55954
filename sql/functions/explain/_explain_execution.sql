create or replace function pgwhen._explain_execution(p_execution pgwhen.executions) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_steps jsonb;
  v_ways jsonb;
begin
  select coalesce(jsonb_agg(jsonb_build_object('step_id', s.step_id, 'status', s.status, 'text',
    pgwhen._message_prefix(s) || pgwhen._explain_step(s)) order by t.position, s.part), '[]')
  into v_steps
  from pgwhen.execution_steps s
  left join pgwhen.steps t on t.workflow_id = p_execution.workflow_id and t.version = p_execution.version and t.step_id = s.step_id
  where s.execution_id = p_execution.execution_id
    and s.status in ('ready', 'held', 'queued', 'claimed', 'sending', 'uncertain', 'sleeping', 'waiting', 'failed');
  select coalesce(jsonb_agg(jsonb_build_object('step_id', s.step_id, 'outcome', s.outcome, 'text', w.text) order by t.position), '[]')
  into v_ways
  from pgwhen.execution_steps s
  join pgwhen.steps t on t.workflow_id = p_execution.workflow_id and t.version = p_execution.version and t.step_id = s.step_id
  cross join lateral (select pgwhen._explain_way(s, t.type) as text) w
  where s.execution_id = p_execution.execution_id and w.text is not null;
  return jsonb_build_object(
    'execution_id', p_execution.execution_id, 'status', p_execution.status, 'version', p_execution.version,
    'started_at', p_execution.started_at, 'finished_at', p_execution.finished_at, 'reason', p_execution.reason,
    'error', p_execution.error, 'steps', v_steps, 'ways', v_ways,
    'text', format('execution %s %s%s%s', p_execution.execution_id,
      case
        when p_execution.status in ('completed', 'failed', 'cancelled') then format('%s at %s', p_execution.status, pgwhen._when(p_execution.finished_at))
        else format('is %s since %s', p_execution.status, pgwhen._when(p_execution.started_at))
      end,
      ': ' || p_execution.reason,
      (select string_agg(format('; step %s %s', e.step ->> 'step_id', e.step ->> 'text'), '') from jsonb_array_elements(v_ways || v_steps) e (step))));
end
$$;
comment on function pgwhen._explain_execution(pgwhen.executions) is 'Where an execution stands: {execution_id, status, reason, steps that are not done or failed, ways that were taken, text}.';
