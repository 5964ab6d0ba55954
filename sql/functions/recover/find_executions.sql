-- Ids only: what is done with them is judged again under their locks.
create or replace function pgwhen.find_executions(p_state text default 'failed', p_workflow text default null, p_step text default null,
  p_since timestamptz default null, p_until timestamptz default null, p_error_code text default null,
  p_after uuid default null, p_max integer default 1000)
returns table (execution_id uuid)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
begin
  if p_max is null or p_max not between 1 and 10000 then
    raise exception using errcode = 'WF152',
      message = format('a page is 1 to 10000 executions, not %s', coalesce(p_max::text, 'null')),
      hint = 'Leave p_max out for the default of 1000.';
  end if;
  perform pgwhen._check_filter(p_state, p_workflow, p_step);
  return query
    select m.execution_id
    from pgwhen._matching_executions(p_state, p_workflow, p_step, p_since, p_until, p_error_code) m (execution_id)
    where p_after is null or m.execution_id > p_after
    order by m.execution_id
    limit p_max;
end
$$;
comment on function pgwhen.find_executions(text, text, text, timestamptz, timestamptz, text, uuid, integer) is 'Executions to retry, skip or cancel: the first p_max after p_after, in order of id.
p_state is failed (steps that failed and nobody has retried; p_step, p_since and p_until say which and when) or unfinished (p_step is open, started between p_since and p_until). p_error_code is the code of the step''s error.';
