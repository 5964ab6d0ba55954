create or replace function pgwhen._explain_wait(p_step pgwhen.execution_steps) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_definition jsonb;
  v_compiled jsonb;
  v_until timestamptz;
begin
  select t.definition, t.compiled into v_definition, v_compiled
  from pgwhen.executions x
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = p_step.step_id
  where x.execution_id = p_step.execution_id and t.type = 'wait';
  if v_compiled is null then
    return null;
  end if;
  select s.due_at into v_until from pgwhen.sleepers s
  where s.execution_id = p_step.execution_id and s.step_id = p_step.step_id and s.purpose = 'timeout';
  return format('waits for %s since %s%s%s',
    case when v_compiled -> 'wait' ? 'until' then
        (select string_agg(s #>> '{}', ', ') from jsonb_path_query(v_compiled -> 'wait' -> 'until', 'strict $.**.source') s)
      when v_compiled -> 'wait' ? 'delivery' then format('what becomes of the message of %s', v_compiled #>> '{wait,delivery}')
      else coalesce(v_definition ->> 'event', format('%s.%s', v_definition ->> 'table', v_definition ->> 'row'))
        || coalesce(format(' with %s', (select string_agg(s #>> '{}', ', ') from jsonb_path_query(v_compiled -> 'wait' -> 'condition', 'strict $.**.source') s)), '') end,
    pgwhen._when(p_step.queued_at), ', until ' || pgwhen._when(v_until),
    case when not v_compiled -> 'wait' ? 'until' and not exists (
        select from pgwhen.waits w where w.execution_id = p_step.execution_id and w.step_id = p_step.step_id and w.purpose = 'wait')
      and not exists (select from pgwhen.handovers h where h.execution_id = p_step.execution_id and h.step_id = p_step.step_id)
      then '; a value that it compares with is missing, so that nothing can match' end);
end
$$;
comment on function pgwhen._explain_wait(pgwhen.execution_steps) is 'What a wait step waits for, in words; null for other steps.';
