-- By its triggers, unless they came with a copy of another table; else by its name, so that a table that was detached, or
-- dropped and made again, gets its former identity, which published workflows know.
create or replace function pgwhen._own_attachment(p_table regclass) returns integer
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(
    (
      select a.attachment_id
      from pg_trigger t
      join pgwhen.attachments a on a.attachment_id::text = pgwhen._trigger_attachment(t.tgargs)
      where t.tgrelid = p_table and t.tgfoid = 'pgwhen.capture_truncate()'::regprocedure
        and pgwhen._attachment_relation(a.attachment_id) = p_table
      limit 1
    ),
    (
      select a.attachment_id
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pgwhen.attachments a on a.schema_name = n.nspname and a.table_name = c.relname
      where c.oid = p_table and coalesce(pgwhen._attachment_relation(a.attachment_id), p_table) = p_table
      order by a.detached_at is null desc, a.attachment_id desc
      limit 1
    ))
$$;
comment on function pgwhen._own_attachment(regclass) is 'Attachment that a table has or had, null when there was none.';
