create or replace function pgwhen._is_excluded(p_relation oid, p_column text) returns boolean
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select exists (
    select from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pgwhen.attachments a on a.schema_name = n.nspname and a.table_name = c.relname and a.detached_at is null
    where c.oid = p_relation and p_column = any (a.excluded_columns))
$$;
comment on function pgwhen._is_excluded(oid, text) is 'Whether an attached table keeps a column out of events and records.';
