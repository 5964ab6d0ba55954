-- An edited input is checked like the first one, by the version that will read it.
create or replace function pgwhen._find_input_refusal(p_execution pgwhen.executions, p_version integer, p_input jsonb) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when e.operation in ('event', 'manual') then pgwhen._input_problem(v.compiled -> 'inputs', p_input)
    else 'it was started by a change of a row, and has no input' end
  from pgwhen.versions v
  left join pgwhen.events e on e.event_id = p_execution.event_id
  where v.workflow_id = p_execution.workflow_id and v.version = p_version
$$;
comment on function pgwhen._find_input_refusal(pgwhen.executions, integer, jsonb) is 'Why an execution cannot have an edited input; null when it can.';
