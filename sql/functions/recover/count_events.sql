create or replace function pgwhen.count_events(p_since timestamptz default null, p_until timestamptz default null, p_table text default null,
  p_workflow text default null, p_status text default null) returns bigint
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select count(*) from pgwhen._matching_events(p_since, p_until, p_table, p_workflow, p_status)
$$;
comment on function pgwhen.count_events(timestamptz, timestamptz, text, text, text) is 'How many events find_events has for a filter.';
