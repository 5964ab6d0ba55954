-- Two claims ahead and one in flight for each poller seen in the last minute; never less than 1000 (_queue_is_short counts on it).
create or replace function pgwhen._queue_target() returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_since timestamptz := pgwhen._clock() - interval '1 minute';
begin
  return (select greatest(1000, 3 * coalesce(sum(p.batch), 0)) from pgwhen.pollers p where p.seen_at > v_since);
end
$$;
comment on function pgwhen._queue_target() is 'How many messages the action queue should hold.';
