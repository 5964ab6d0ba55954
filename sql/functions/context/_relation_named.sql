-- Not to_regclass: that raises where the schema is closed to pgwhen_owner, who needs no rights on the application's schemas.
create or replace function pgwhen._relation_named(p_schema text, p_table text) returns regclass
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.oid::regclass
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = p_schema and c.relname = p_table
$$;
comment on function pgwhen._relation_named(text, text) is 'Table of a name, whoever may use its schema; null if there is none.';
