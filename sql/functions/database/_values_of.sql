create or replace function pgwhen._values_of(p_values jsonb, p_context jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_object_agg(v.key, pgwhen._value(v.value, p_context)), '{}') from jsonb_each(p_values) v
$$;
comment on function pgwhen._values_of(jsonb, jsonb) is 'What an object of compiled values comes to; missing values are null.';
