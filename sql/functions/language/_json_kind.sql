create or replace function pgwhen._json_kind(p_value jsonb) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case jsonb_typeof(p_value) when 'string' then 'text' when 'number' then 'numeric' when 'boolean' then 'boolean'
    when 'array' then 'array' when 'object' then 'jsonb' end
$$;
comment on function pgwhen._json_kind(jsonb) is 'How a JSON value is compared; null for null.';
