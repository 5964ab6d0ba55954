-- TRUNCATE of an attached table is one event without rows. Partitions and inheritance children have no such trigger: a
-- TRUNCATE of the table reaches them and would be counted again, and one of a partition alone does not empty the table.
create or replace function pgwhen.capture_truncate() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_attachment_id integer := tg_argv[0]::integer;
  v_doorbell boolean;
begin
  select a.doorbell
  into v_doorbell
  from pgwhen.attachments a
  where a.attachment_id = v_attachment_id and 'truncate' = any (a.operations);
  if not found then
    return null;
  end if;
  insert into pgwhen._event_queue (enqueued_at, message)
  values (pgwhen._clock(), pgwhen._event_head(v_attachment_id, 'truncate'));
  if v_doorbell and pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  return null;
end
$$;
comment on function pgwhen.capture_truncate() is 'Trigger: puts TRUNCATE of an attached table into the queue. Its argument is the attachment.';
