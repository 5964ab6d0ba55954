-- Names may have been swapped, and no two attachments may have one name, not even for a moment: hence two steps. An
-- attachment whose table is gone ends, unless a table of that name lost its triggers only: attach repairs that. The lock of
-- definitions goes before those of rows, and is taken only where something has changed.
create or replace function pgwhen._follow_tables() returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_gone integer[];
  v_changed integer[];
begin
  v_gone := array(
    select a.attachment_id
    from pgwhen.attachments a
    where a.detached_at is null and pgwhen._attachment_relation(a.attachment_id) is null
      and pgwhen._relation_named(a.schema_name, a.table_name) is null);
  v_changed := array(
    select a.attachment_id
    from pgwhen.attachments a
    join pg_class c on c.oid = pgwhen._attachment_relation(a.attachment_id)
    join pg_namespace n on n.oid = c.relnamespace
    where a.detached_at is null
      and (a.schema_name, a.table_name, a.key_columns) is distinct from (n.nspname, c.relname, pgwhen._key_columns(c.oid)));
  if v_gone = '{}' and v_changed = '{}' then
    return;
  end if;
  perform pgwhen._lock_definitions();
  update pgwhen.attachments a
  set detached_at = pgwhen._now(), operations = '{}'
  where a.attachment_id = any (v_gone);
  update pgwhen.attachments a
  set table_name = 'attachment ' || a.attachment_id
  where a.attachment_id = any (v_changed);
  update pgwhen.attachments a
  set schema_name = n.nspname, table_name = c.relname, key_columns = pgwhen._key_columns(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where a.attachment_id = any (v_changed) and c.oid = pgwhen._attachment_relation(a.attachment_id);
end
$$;
comment on function pgwhen._follow_tables() is 'Brings the names and keys of attachments up to date with their tables, and ends those whose table is gone.';
