-- Fairness: about two claims per live poller stand in the queue, the rest waits in ready, where it is taken in turn.
-- With no backlog work goes to the queue directly. Both looks are bounded.
create or replace function pgwhen._queue_is_short() returns boolean
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select not exists (select from pgwhen.ready)
    and (select count(*) from (select from pgmq.q_pgwhen_actions limit pgwhen._queue_target()) q) < pgwhen._queue_target()
$$;
comment on function pgwhen._queue_is_short() is 'Whether actions may go to the queue directly.';
