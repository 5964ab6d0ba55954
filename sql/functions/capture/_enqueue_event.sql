create or replace function pgwhen._enqueue_event(p_message jsonb, p_occurred_at timestamptz) returns uuid
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_message_id bigint;
begin
  insert into pgwhen._event_queue (enqueued_at, message)
  values (p_occurred_at, p_message)
  returning msg_id into v_message_id;
  if pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  return pgwhen._event_id(p_occurred_at, v_message_id);
end
$$;
comment on function pgwhen._enqueue_event(jsonb, timestamptz) is 'Puts a message into the queue of events and rings the doorbell; returns the id that the event will have.';
