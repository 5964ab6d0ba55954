-- By the argument of its trigger; by the stored name while the triggers are not there (between a restore of the tables and of
-- their triggers).
create or replace function pgwhen._attachment_of(p_relation oid) returns setof pgwhen.attachments
language sql stable rows 1
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select a.*
  from pgwhen.attachments a
  left join pg_trigger t on t.tgrelid = p_relation and t.tgfoid = 'pgwhen.capture_truncate()'::regprocedure
    and pgwhen._trigger_attachment(t.tgargs) = a.attachment_id::text
  join pg_class c on c.oid = p_relation
  join pg_namespace n on n.oid = c.relnamespace
  where a.detached_at is null and (t.oid is not null or (a.schema_name = n.nspname and a.table_name = c.relname
    and pgwhen._attachment_relation(a.attachment_id) is null))
  order by t.oid is not null desc
  limit 1
$$;
comment on function pgwhen._attachment_of(oid) is 'The attachment of a table; no row if it is not attached.';
