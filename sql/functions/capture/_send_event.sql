-- Behind _event_queue where pgmq's table is not as the INSERT expects it: slower, and right with any pgmq.
create or replace function pgwhen._send_event() returns trigger
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_message_id bigint;
begin
  select s.msg_id into v_message_id from pgmq.send('pgwhen_events', to_jsonb(new) -> 'message') as s (msg_id);
  return jsonb_populate_record(new, jsonb_build_object('msg_id', v_message_id));
end
$$;
comment on function pgwhen._send_event() is 'Trigger of the view _event_queue where the queue table has an unknown shape: pgmq.send for each event.';
