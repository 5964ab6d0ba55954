-- With its schema and without dependence on anyone's search_path.
create or replace function pgwhen._table_name(p_relation oid) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format('%I.%I', n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = p_relation
$$;
comment on function pgwhen._table_name(oid) is 'Qualified and quoted name of a table.';
