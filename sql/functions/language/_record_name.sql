-- The alias that attach was given counts for foreign keys too.
create or replace function pgwhen._record_name(p_relation oid) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(
    (select a.alias from pgwhen.attachments a
     where a.schema_name = n.nspname and a.table_name = c.relname and a.detached_at is null),
    pgwhen._singular(c.relname))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = p_relation
$$;
comment on function pgwhen._record_name(oid) is 'What a row of a table is called in workflows.';
