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
  from pgwhen.attachments a
  left join unnest(a.excluded_columns) x (name) on true
  where (a.schema_name, a.table_name) = (
      select s.nspname, c.relname from pg_class c join pg_namespace s on s.oid = c.relnamespace where c.oid = p_relation)
    or a.attachment_id = (
      select pgwhen._trigger_attachment(t.tgargs)::integer from pg_trigger t
      where t.tgrelid = p_relation and t.tgfoid = 'pgwhen.capture_truncate()'::regprocedure
      limit 1);
  -- Null only where there is no attachment: one without exclusions gives an array of null.
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
