create or replace function pgwhen._describe_rate(p_limit integer, p_seconds double precision) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select p_limit || ' per ' || coalesce(
    (select u.name from (values (1, 'second'), (60, 'minute'), (3600, 'hour'), (86400, 'day')) u (seconds, name) where u.seconds = p_seconds),
    p_seconds || ' seconds')
$$;
comment on function pgwhen._describe_rate(integer, double precision) is 'A rate in the words in which it is set: 10 per second. Null for no limit.';
