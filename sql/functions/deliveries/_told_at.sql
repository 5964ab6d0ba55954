create or replace function pgwhen._told_at(p_value jsonb) returns timestamptz
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(
    case when p_value #>> '{}' ~ '^[0-9]{1,11}(\.[0-9]{1,9})?$' then to_timestamp((p_value #>> '{}')::double precision) end,
    pgwhen._as_instant(p_value),
    pgwhen._now())
$$;
comment on function pgwhen._told_at(jsonb) is 'When something happened, as a provider says it: seconds since 1970 or ISO 8601; now for anything else.';
