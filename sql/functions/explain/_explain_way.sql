-- Only of steps from which the flow could have gone another way. Why is what was recorded when it was decided, for the record may
-- have changed since.
create or replace function pgwhen._explain_way(p_step pgwhen.execution_steps, p_type text) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_step.part > 0 then null
    when p_step.status = 'skipped' then coalesce('was skipped: ' || p_step.reason, 'was skipped')
    when p_step.status = 'cancelled' and p_step.reason not like 'the execution ended%' then 'was cancelled: ' || p_step.reason
    when p_step.status = 'completed' and p_type = 'condition' then case p_step.outcome when 'true' then 'held and went then' else 'did not hold and went else' end
    when p_step.status = 'completed' and p_type = 'join' then 'went on without waiting for the rest'
    when p_step.status in ('completed', 'failed') and p_step.outcome is null and p_type <> 'stop' then format('%s too late to matter%s', p_step.status, ': ' || p_step.reason)
    when p_step.status = 'completed' and p_step.outcome <> 'success' then
      format('went %s%s', regexp_replace(p_step.outcome, '^(case|part):', '\1 '), ': ' || p_step.reason)
  end
$$;
comment on function pgwhen._explain_way(pgwhen.execution_steps, text) is 'Which way the flow took at a step and why, in words; null where there was but one.';
