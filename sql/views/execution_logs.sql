-- For those who know the tables of other systems: one row an execution, with their four states. What was cancelled did not do its
-- work, so it is failed here, and says that it was cancelled; what went on past a failure is completed and has an error message.
create or replace view pgwhen.execution_logs with (security_barrier) as
select x.execution_id as id, x.workflow_id, w.name as workflow_name, e.type as trigger_type,
  jsonb_strip_nulls(jsonb_build_object('new', e.new, 'old', e.old, 'changed', to_jsonb(e.changed), 'input', e.input)) as trigger_data,
  case x.status when 'pending' then 'pending' when 'running' then 'processing' when 'waiting' then 'processing'
    when 'completed' then 'completed' else 'failed' end as status,
  coalesce(s.actions, '[]') as actions_executed,
  case
    when x.status = 'cancelled' then 'cancelled' || coalesce(': ' || x.reason, '')
    when x.status = 'failed' then coalesce(x.error ->> 'message', x.reason)
    else s.errors
  end as error_message,
  x.started_at, x.finished_at as completed_at
from pgwhen.executions x
join pgwhen.workflows w on w.workflow_id = x.workflow_id
left join pgwhen.events e on e.event_id = x.event_id
left join lateral (
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', s.step_id, 'type', t.type, 'status', s.status, 'reason', s.reason,
      'started_at', s.started_at, 'completed_at', s.finished_at, 'attempts', s.attempt, 'output', s.output, 'error', s.error))
      order by t.position) as actions,
    string_agg(s.step_id || ': ' || (s.error ->> 'message'), '; ' order by t.position) filter (where s.status = 'failed') as errors
  from pgwhen.execution_steps s
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  where s.execution_id = x.execution_id and s.status not in ('not_reached') and s.part = 0
) s on true
where x.tenant = (select pgwhen.current_tenant());
comment on view pgwhen.execution_logs is 'Executions in the words of execution_logs tables elsewhere: pending, processing, completed, failed.';
comment on column pgwhen.execution_logs.id is 'The execution.';
comment on column pgwhen.execution_logs.workflow_id is 'The workflow.';
comment on column pgwhen.execution_logs.workflow_name is 'Its title.';
comment on column pgwhen.execution_logs.trigger_type is 'What started it: jobs.updated, or the type of an application event.';
comment on column pgwhen.execution_logs.trigger_data is 'What it was started with: new, old, changed, input.';
comment on column pgwhen.execution_logs.status is 'pending, processing, completed or failed (a cancelled one too: error_message says so).';
comment on column pgwhen.execution_logs.actions_executed is 'Its steps in order: id, type, status, reason, times, attempts, output, error.';
comment on column pgwhen.execution_logs.error_message is 'Why it failed, or which steps failed before it went on.';
comment on column pgwhen.execution_logs.started_at is 'When it started.';
comment on column pgwhen.execution_logs.completed_at is 'When it ended.';
