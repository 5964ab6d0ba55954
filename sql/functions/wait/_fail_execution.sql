-- For what is wrong with an execution and not with one of its steps: an exit_on that cannot be judged. To go on would do what the
-- workflow may have meant to prevent.
create or replace function pgwhen._fail_execution(p_execution_id uuid, p_error jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.executions x
  set status = 'failed', reason = 'exit_on cannot be judged', error = p_error, had_failures = true, finished_at = pgwhen._now()
  where x.execution_id = p_execution_id and x.status in ('pending', 'running', 'waiting');
  if found then
    perform pgwhen._log('error', array[(p_execution_id, '')::pgwhen.step_ref], array['exit_on cannot be judged'], array[p_error]);
    perform pgwhen._close_executions(array[p_execution_id]);
  end if;
end
$$;
comment on function pgwhen._fail_execution(uuid, jsonb) is 'Fails an execution whose exit_on raises.';
