-- In place of to_regclass, which wants USAGE on the schema, and pgwhen_owner has it on none of the application's.
create or replace function pgwhen._relation(p_schema text, p_name text) returns regclass
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.oid::regclass
  from pg_namespace n
  join pg_class c on c.relnamespace = n.oid
  where n.nspname = p_schema and c.relname = p_name
$$;
comment on function pgwhen._relation(text, text) is 'The table of that name; null when there is none.';
