-- Through failures, one row for each step that nobody has retried: the history is entered only by primary key. A security barrier,
-- because the rows of other tenants must not leak through a function in somebody's where clause.
create or replace view pgwhen.failed_executions with (security_barrier) as
select f.execution_id, w.workflow, x.version, x.status, f.step_id, t.type, f.generation, s.attempt, f.failed_at,
  s.status as step_status, s.error ->> 'class' as error_class, s.error ->> 'code' as error_code, s.error ->> 'message' as error_message,
  m.recipients as sent_to, x.attachment_id, x.record_key, x.event_id, x.started_at
from pgwhen.failures f
join pgwhen.workflows w on w.workflow_id = f.workflow_id
join pgwhen.executions x on x.execution_id = f.execution_id
left join pgwhen.execution_steps s on s.execution_id = f.execution_id and s.step_id = f.step_id and s.part = 0
left join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = f.step_id
left join pgwhen.frozen_messages m on m.execution_id = f.execution_id and m.step_id = f.step_id and m.generation = f.generation and m.part = 0
where w.tenant = (select pgwhen.current_tenant());
comment on view pgwhen.failed_executions is 'Steps that failed, or of which nobody knows whether they happened, until somebody retries them.';
comment on column pgwhen.failed_executions.execution_id is 'The execution; retry it with pgwhen.retry_executions.';
comment on column pgwhen.failed_executions.workflow is 'Its workflow.';
comment on column pgwhen.failed_executions.version is 'The version it runs.';
comment on column pgwhen.failed_executions.status is 'State of the execution: failed, or another if it went on.';
comment on column pgwhen.failed_executions.step_id is 'The step.';
comment on column pgwhen.failed_executions.type is 'Type of the step.';
comment on column pgwhen.failed_executions.generation is 'Generation of the step: 1, and one more for each retry by an operator.';
comment on column pgwhen.failed_executions.attempt is 'Attempts so far.';
comment on column pgwhen.failed_executions.failed_at is 'When it failed.';
comment on column pgwhen.failed_executions.step_status is 'State of the step: failed, uncertain or cancelled.';
comment on column pgwhen.failed_executions.error_class is 'permanent, transient, throttled, auth or uncertain.';
comment on column pgwhen.failed_executions.error_code is 'Code of the error.';
comment on column pgwhen.failed_executions.error_message is 'The error in words.';
comment on column pgwhen.failed_executions.sent_to is 'Recipients, if the message was rendered.';
comment on column pgwhen.failed_executions.attachment_id is 'Table of the record.';
comment on column pgwhen.failed_executions.record_key is 'Primary key of the record.';
comment on column pgwhen.failed_executions.event_id is 'Event that started the execution.';
comment on column pgwhen.failed_executions.started_at is 'When the execution started.';
