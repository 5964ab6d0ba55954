-- Behind _event_queue where pgmq's table is not as the static INSERT expects it: slower, and right with any pgmq.
create or replace function pgwhen._send_event() returns trigger
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  new.msg_id := (select s.id from pgmq.send('pgwhen_events', new.message) as s (id));
  return new;
end
$$;
comment on function pgwhen._send_event() is 'Trigger of the view _event_queue where the queue table has an unknown shape: pgmq.send for each event.';
