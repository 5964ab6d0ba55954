-- What is excluded from events is never read either, whatever the definition says, also while the table is detached or has
-- another name. For a table that was never attached, and of which all columns are asked for, what attach would exclude is.
create or replace function pgwhen._columns_to_read(p_relation regclass, p_columns jsonb) returns text[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_all constant boolean := coalesce(p_columns, 'null') = 'null';
  v_excluded text[];
begin
  select array_agg(x.name) into v_excluded
  from pg_class c
  join pg_namespace s on s.oid = c.relnamespace
  join pgwhen.attachments a on (a.schema_name = s.nspname and a.table_name = c.relname)
    or exists (
      select from pg_trigger t
      where t.tgrelid = c.oid and t.tgfoid = to_regproc('pgwhen.capture_truncate')
        and pgwhen._trigger_attachment(t.tgargs) = a.attachment_id::text)
  left join unnest(a.excluded_columns) x (name) on true
  where c.oid = p_relation;
  if v_excluded is null and v_all then
    v_excluded := pgwhen._secret_columns(p_relation);
  end if;
  if v_all then
    return array(
      select a.attname::text from pg_attribute a
      where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
        and array_position(v_excluded, a.attname::text) is null
      order by a.attnum);
  end if;
  return array(
    select distinct coalesce(c.entry ->> 'column', c.entry #>> '{}')
    from jsonb_array_elements(p_columns) c (entry)
    where array_position(v_excluded, coalesce(c.entry ->> 'column', c.entry #>> '{}')) is null
    order by 1);
end
$$;
comment on function pgwhen._columns_to_read(regclass, jsonb) is 'Columns that a node of a version''s reads asks for, without the excluded ones.';
