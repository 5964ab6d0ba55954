create or replace function pgwhen._column_names(p_relation oid) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_attribute a
  where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
$$;
comment on function pgwhen._column_names(oid) is 'Columns of a table, in order.';
