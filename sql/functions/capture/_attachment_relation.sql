-- By the stored name, if that table still carries the attachment's triggers; else by the triggers, which follow a rename and
-- a restored dump. Only the attached table itself has the truncate trigger, its partitions and children have not.
create or replace function pgwhen._attachment_relation(p_attachment_id integer) returns regclass
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation oid;
begin
  select t.tgrelid
  into v_relation
  from pgwhen.attachments a
  join pg_trigger t on t.tgrelid = pgwhen._relation_named(a.schema_name, a.table_name)
  where a.attachment_id = p_attachment_id
    and t.tgfoid = 'pgwhen.capture_truncate()'::regprocedure
    and pgwhen._trigger_attachment(t.tgargs) = p_attachment_id::text
  limit 1;
  if not found then
    select t.tgrelid
    into v_relation
    from pg_trigger t
    where t.tgfoid = 'pgwhen.capture_truncate()'::regprocedure
      and pgwhen._trigger_attachment(t.tgargs) = p_attachment_id::text
    order by t.tgrelid
    limit 1;
  end if;
  return v_relation;
end
$$;
comment on function pgwhen._attachment_relation(integer) is 'The table of an attachment, whatever its name is now; null when it is gone.';
