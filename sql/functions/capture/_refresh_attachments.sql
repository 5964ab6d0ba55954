-- What DBAs do to tables while they are attached. Names and keys follow by themselves; a new partition is covered where
-- pgwhen_owner holds the privilege TRIGGER on it, else whoever owns it is told to attach again. It is not missed meanwhile:
-- what is written through the table fires the table's own triggers.
create or replace function pgwhen._refresh_attachments() returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_before pgwhen.attachments[] := array(select a from pgwhen.attachments a where a.detached_at is null order by a.attachment_id);
  v_attachment pgwhen.attachments;
  v_table regclass;
  v_change record;
  v_changes jsonb := jsonb '[]';
begin
  perform pgwhen._follow_tables();
  foreach v_attachment in array v_before loop
    v_table := pgwhen._attachment_relation(v_attachment.attachment_id);
    for v_change in
      select c.change, c.detail, c.hint, c.statement from pgwhen._attachment_changes(v_attachment, v_table) c
    loop
      if v_change.statement is not null then
        -- Dynamic: names of tables.
        execute v_change.statement;
      end if;
      v_changes := v_changes || jsonb_strip_nulls(jsonb_build_object(
        'attachment', v_attachment.attachment_id, 'table', coalesce(v_table::text, v_attachment.schema_name || '.' || v_attachment.table_name),
        'change', v_change.change, 'detail', v_change.detail, 'hint', v_change.hint));
    end loop;
  end loop;
  return v_changes;
end
$$;
comment on function pgwhen._refresh_attachments() is 'Brings attachments up to date with their tables. Returns [{attachment, table, change, detail, hint}]; with a hint, somebody has to do something.';
