create or replace function pgwhen._query_value(p_url text, p_name text) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select f.value from pgwhen._form_values(split_part(substr(p_url, nullif(strpos(p_url, '?'), 0) + 1), '#', 1)) f where f.name = p_name
  order by f.place limit 1
$$;
comment on function pgwhen._query_value(text, text) is 'A parameter of the query of a URL; null where it is not there.';
