create or replace function pgwhen._header(p_headers jsonb, p_name text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select nullif(trim(case jsonb_typeof(h.value) when 'array' then h.value ->> 0 else h.value #>> '{}' end), '')
  from jsonb_each(case jsonb_typeof(p_headers) when 'object' then p_headers else '{}' end) h
  where lower(h.key) = p_name
  order by h.key
  limit 1
$$;
comment on function pgwhen._header(jsonb, text) is 'A header of a request, by its name in lower case; null where it is not there.';
