create or replace function pgwhen._distinct(p_list jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(distinct e.value), '[]') from jsonb_array_elements(p_list) e
$$;
comment on function pgwhen._distinct(jsonb) is 'The elements of a list, each once.';
