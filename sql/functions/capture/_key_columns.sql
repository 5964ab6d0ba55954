create or replace function pgwhen._key_columns(p_table regclass) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by k.position), '{}')
  from pg_index i
  cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, position)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = p_table and i.indisprimary and k.position <= i.indnkeyatts
$$;
comment on function pgwhen._key_columns(regclass) is 'Columns of the primary key, in key order; empty where there is none.';
