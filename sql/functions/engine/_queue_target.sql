-- Two claims ahead and one in flight for each poller seen in the last minute.
create or replace function pgwhen._queue_target() returns integer
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select greatest(1000, 3 * coalesce(sum(p.batch), 0))::integer
  from pgwhen.pollers p
  where p.seen_at > pgwhen._now() - interval '1 minute'
$$;
comment on function pgwhen._queue_target() is 'How many messages the action queue should hold.';
