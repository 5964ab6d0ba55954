-- pgwhen._check_inputs raises, for callers who are waiting for an answer; here the event is recorded with the reason.
create or replace function pgwhen._input_problem(p_inputs jsonb, p_input jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._check_inputs(p_inputs, p_input);
  return null;
exception when others then
  if sqlstate not like 'WF%' then
    raise;
  end if;
  return sqlerrm;
end
$$;
comment on function pgwhen._input_problem(jsonb, jsonb) is 'What is wrong with an input, or null.';
