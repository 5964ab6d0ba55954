create or replace function pgwhen.count_executions(p_state text default 'failed', p_workflow text default null, p_step text default null,
  p_since timestamptz default null, p_until timestamptz default null, p_error_code text default null) returns bigint
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._check_filter(p_state, p_workflow, p_step);
  return (select count(*) from pgwhen._matching_executions(p_state, p_workflow, p_step, p_since, p_until, p_error_code));
end
$$;
comment on function pgwhen.count_executions(text, text, text, timestamptz, timestamptz, text) is 'How many executions find_executions has for a filter.';
