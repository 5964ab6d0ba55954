-- Only for what the states of an execution and its steps do not show, or do not show for long; never where one goes its way without
-- incident, which must not cost a row more.
create or replace function pgwhen._log(p_level text, p_steps pgwhen.step_ref[], p_messages text[], p_data jsonb[] default null) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
begin
  if pgwhen._log_rank(p_level) < coalesce(pgwhen._log_rank((select s.value #>> '{}' from pgwhen.settings s where s.name = 'log_level')), 2) then
    return;
  end if;
  insert into pgwhen.logs (log_id, at, execution_id, level, tenant, step_id, message, data)
  select pgwhen._log_id(v_now), v_now, x.execution_id, p_level, x.tenant, nullif(r.step_id, ''), r.message, r.data
  from unnest(p_steps, p_messages, p_data) r (execution_id, step_id, message, data)
  join pgwhen.executions x on x.execution_id = r.execution_id;
end
$$;
comment on function pgwhen._log(text, pgwhen.step_ref[], text[], jsonb[]) is 'Writes a remark for each step (or execution, with the step ''''), if the setting log_level (info) lets its level through.';
