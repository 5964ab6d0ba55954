-- Pops a batch of events and matches it, all in the caller's transaction: if that rolls back the messages are still there.
-- Own statements in place of pgmq.pop, which is planned anew at each call. An invisible message (pgmq.set_vt) is left alone.
create or replace function pgwhen._dispatch(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_messages pgwhen.event_message[];
begin
  with popped as (
    delete from pgmq.q_pgwhen_events q
    where q.ctid = any (array(
      select m.ctid from pgmq.q_pgwhen_events m
      where m.vt <= clock_timestamp() -- wall clock: capture sets vt by it, and pgmq.set_vt too
      order by m.msg_id
      limit p_max
      for update skip locked))
    returning q.msg_id, q.enqueued_at, q.message
  )
  select array_agg((p.msg_id, pgwhen._event_id(p.enqueued_at, p.msg_id), p.enqueued_at, p.message)::pgwhen.event_message order by p.msg_id)
  into v_messages
  from popped p;
  assert pgwhen._fail_point('tick.popped');
  if v_messages is null then
    return 0;
  end if;
  perform pgwhen._dispatch_guarded(v_messages);
  return cardinality(v_messages);
end
$$;
comment on function pgwhen._dispatch(integer) is 'Takes up to p_max events from the queue and starts what they start; returns how many.';
