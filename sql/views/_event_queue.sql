-- The one door to the queue of events. An INSERT into a plain view is an INSERT into its table, at no cost; pgmq cannot drop
-- or change what the view names without being told so. Where pgmq's table has not the shape that we know, a trigger sends
-- each event by pgmq's own function: applications go on writing, slower, and doctor says what is wrong.
do $$
declare
  v_problem text := pgwhen._check_queue_shape();
begin
  if v_problem is null then
    create or replace view pgwhen._event_queue as
    select q.msg_id, q.vt, q.enqueued_at, q.message
    from pgmq.q_pgwhen_events q;
    alter view pgwhen._event_queue alter column vt set default clock_timestamp(); -- wall clock: pgmq compares with it
    drop trigger if exists send_event on pgwhen._event_queue;
  else
    raise warning '%', v_problem
      using detail = 'Events are sent by pgmq.send, at a third of the speed.', hint = 'Upgrade pgwhen to a version that knows this pgmq.';
    create or replace view pgwhen._event_queue as
    select null::bigint as msg_id, null::timestamptz as vt, null::timestamptz as enqueued_at, null::jsonb as message
    where false;
    create or replace trigger send_event instead of insert on pgwhen._event_queue
    for each row execute function pgwhen._send_event();
  end if;
end
$$;
comment on view pgwhen._event_queue is 'Where capture and emit_event put messages: the queue pgwhen_events.';
comment on column pgwhen._event_queue.msg_id is 'Number of the message.';
comment on column pgwhen._event_queue.vt is 'From when on it may be taken.';
comment on column pgwhen._event_queue.enqueued_at is 'When the event occurred.';
comment on column pgwhen._event_queue.message is 'The event.';
