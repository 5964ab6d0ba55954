-- The one meaning of the filter that bulk commands share. Through the small tables, failures and unfinished, never through the
-- history. Of failures the step, the time and the error are those of the step that failed; of unfinished executions, a step that is
-- open, the start, and the last error of that step.
create or replace function pgwhen._matching_executions(p_state text, p_workflow text, p_step text, p_since timestamptz, p_until timestamptz,
  p_error_code text) returns setof uuid
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_custom_plan
as $$
begin
  if p_state = 'failed' then
    return query
      select distinct f.execution_id
      from pgwhen.failures f
      join pgwhen.workflows w on w.workflow_id = f.workflow_id
      left join pgwhen.execution_steps s on p_error_code is not null
        and s.execution_id = f.execution_id and s.step_id = f.step_id and s.part = 0
      where w.tenant = pgwhen._tenant() and (p_workflow is null or w.workflow = p_workflow)
        and (p_step is null or f.step_id = p_step)
        and (p_since is null or f.failed_at >= p_since) and (p_until is null or f.failed_at < p_until)
        and (p_error_code is null or s.error ->> 'code' = p_error_code);
  else
    return query
      select u.execution_id
      from pgwhen.unfinished u
      join pgwhen.workflows w on w.workflow_id = u.workflow_id
      join pgwhen.executions x on x.execution_id = u.execution_id
      where w.tenant = pgwhen._tenant() and (p_workflow is null or w.workflow = p_workflow) and x.body is null
        and (p_since is null or x.started_at >= p_since) and (p_until is null or x.started_at < p_until)
        and (p_step is null and p_error_code is null or exists (
          select from pgwhen.execution_steps s
          where s.execution_id = u.execution_id and s.part = 0 and (p_step is null or s.step_id = p_step)
            and (p_error_code is null or s.error ->> 'code' = p_error_code)
            and s.status in ('ready', 'held', 'queued', 'claimed', 'sending', 'uncertain', 'sleeping', 'waiting')));
  end if;
end
$$;
comment on function pgwhen._matching_executions(text, text, text, timestamptz, timestamptz, text) is 'Executions of the tenant that a filter means, in no order.';
