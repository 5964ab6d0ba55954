create or replace function pgwhen._attachment_changes(p_attachment pgwhen.attachments, p_table regclass)
returns table (change text, detail text, hint text, statement text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name text := format('%I.%I', p_attachment.schema_name, p_attachment.table_name);
  v_attach text := format('select pgwhen.attach(%L)', coalesce(p_table::text, v_name));
begin
  if p_table is null and pgwhen._relation_named(p_attachment.schema_name, p_attachment.table_name) is null then
    return query select 'gone', 'the table was dropped; its attachment has ended', null::text, null::text;
    return;
  elsif p_table is null then
    return query select 'triggers missing', 'the table has no capture triggers: its changes are no events', 'As its owner: ' || v_attach, null::text;
    return;
  end if;
  return query
  select 'renamed', format('was %s', v_name), null::text, null::text
  where p_table is distinct from pgwhen._relation_named(p_attachment.schema_name, p_attachment.table_name)
  union all
  select 'key changed', format('from (%s) to (%s)', array_to_string(p_attachment.key_columns, ', '), array_to_string(pgwhen._key_columns(p_table), ', ')),
    null, null
  where p_attachment.key_columns is distinct from pgwhen._key_columns(p_table)
  union all
  select case when t.relation = p_table then 'trigger missing' else 'partition not covered' end,
    format('%s of %s', t.operation, t.relation), 'As its owner: ' || v_attach, null
  from pgwhen._capture_triggers(p_table, p_attachment.attachment_id) t
  where t.attachment is null and not has_table_privilege(t.relation, 'trigger')
  union all
  select case when t.relation = p_table then 'trigger made' else 'partition covered' end, format('%s of %s', t.operation, t.relation), null, t.statement
  from pgwhen._capture_triggers(p_table, p_attachment.attachment_id) t
  where t.attachment is null and has_table_privilege(t.relation, 'trigger')
  union all
  select 'trigger disabled', format('%s of %s', t.operation, t.relation), format('alter table %s enable trigger pgwhen_%s', t.relation, t.operation), null
  from pgwhen._capture_triggers(p_table, p_attachment.attachment_id) t
  where not t.is_enabled
  union all
  select 'not a partition any more', format('%s still has the triggers of %s', t.tgrelid::regclass, p_table),
    format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass), null
  from pg_trigger t
  where t.tgfoid in ('pgwhen.capture_insert()'::regprocedure, 'pgwhen.capture_update()'::regprocedure, 'pgwhen.capture_delete()'::regprocedure)
    and pgwhen._trigger_attachment(t.tgargs) = p_attachment.attachment_id::text
    and t.tgrelid not in (select c.relation from pgwhen._covered_tables(p_table) as c (relation))
  union all
  select 'unsafe cast', 'a type of the table has a cast to json that is not a superuser''s: capture runs its function', 'Drop the cast, or detach the table', null
  where pgwhen._has_user_cast(p_table)
  union all
  select 'secret columns', 'in events, though the names say secret: ' || array_to_string(s.columns, ', '),
    format('As its owner: select pgwhen.attach(%L, p_exclude => %L)', p_table, p_attachment.excluded_columns || s.columns), null
  from (
    select array(select c from unnest(pgwhen._secret_columns(p_table)) c where c <> all (p_attachment.excluded_columns)) as columns
  ) s
  where s.columns <> '{}' and p_attachment.excluded_columns <> '{}';
end
$$;
comment on function pgwhen._attachment_changes(pgwhen.attachments, regclass) is 'How a table differs from what its attachment knows, and the statement that mends it where we may.';
