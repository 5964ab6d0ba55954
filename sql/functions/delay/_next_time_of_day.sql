create or replace function pgwhen._next_time_of_day(p_at timestamptz, p_time time, p_timezone text) returns timestamptz
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._wall_time((p_at at time zone p_timezone)::date + d.n + p_time, p_timezone)
  from (values (-1), (0), (1), (2)) d (n)
  where pgwhen._wall_time((p_at at time zone p_timezone)::date + d.n + p_time, p_timezone) >= p_at
  order by d.n
  limit 1
$$;
comment on function pgwhen._next_time_of_day(timestamptz, time, text) is 'When a clock in a zone next shows a time of day, p_at included.';
