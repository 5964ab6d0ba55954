create or replace function pgwhen._working_problem(p_duration interval) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_duration < interval '0' then 'working time does not run backwards'
    when extract(year from p_duration) <> 0 or extract(month from p_duration) <> 0 or extract(day from p_duration) <> 0
      then 'working time is counted in hours and minutes'
  end
$$;
comment on function pgwhen._working_problem(interval) is 'What is wrong with a duration of working time; null if nothing is.';
