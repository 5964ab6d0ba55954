create or replace function pgwhen._given_values(p_values jsonb, p_context jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(pgwhen._value(v.value, p_context) order by v.ordinality), '[]')
  from jsonb_array_elements(p_values) with ordinality v
$$;
comment on function pgwhen._given_values(jsonb, jsonb) is 'Compiled values, as a list of what they come to.';
