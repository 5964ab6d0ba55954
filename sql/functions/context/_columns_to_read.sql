-- What is excluded from events is never read either, whatever the definition says. A table that is not attached has no list
-- of its own: what attach would exclude is left out when all columns are asked for.
create or replace function pgwhen._columns_to_read(p_relation regclass, p_columns jsonb) returns text[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_excluded text[];
begin
  select a.excluded_columns into v_excluded
  from pg_class c
  join pg_namespace s on s.oid = c.relnamespace
  join pgwhen.attachments a on a.schema_name = s.nspname and a.table_name = c.relname and a.detached_at is null
  where c.oid = p_relation;
  if p_columns is null or p_columns = 'null' then
    return array(
      select a.attname::text from pg_attribute a
      where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
        and a.attname <> all (coalesce(v_excluded, '{}'))
      order by a.attnum);
  end if;
  return array(
    select distinct coalesce(c.entry ->> 'column', c.entry #>> '{}')
    from jsonb_array_elements(p_columns) c (entry)
    where coalesce(c.entry ->> 'column', c.entry #>> '{}') <> all (coalesce(v_excluded, '{}'))
    order by 1);
end
$$;
comment on function pgwhen._columns_to_read(regclass, jsonb) is 'Columns that a node of a version''s reads asks for, without the excluded ones.';
