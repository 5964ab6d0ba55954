-- The locks are held until the commit, so that what one freeze counts the next one sees; a few for many addresses, taken in order. What
-- is beyond the cap waits until enough of what was sent is old enough.
create or replace function pgwhen._cap_messages(p_given jsonb, p_now timestamptz) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
declare
  v_locks bigint[] := array(
    select distinct hashtextextended(format('%s %s %s', c.tenant, c.channel, c.address), 0) & 63 from pgwhen._capped_messages(p_given) c order by 1);
  v_lock bigint;
begin
  foreach v_lock in array v_locks loop
    perform pg_advisory_xact_lock(hashtextextended('pgwhen.cap:' || v_lock, 0));
  end loop;
  return (
    with counted as materialized (
      select c.*, s.sent, c.place + cardinality(s.sent) - c.most as over
      from pgwhen._capped_messages(p_given) c
      cross join lateral (
        select array(
          select r.sent_at from pgwhen.recipient_sends r
          where r.tenant = c.tenant and r.channel = c.channel and r.address = c.address and r.sent_at > p_now - c.per
          order by r.sent_at) as sent) s
    ), beyond as (
      select c.message_id, max(coalesce(c.sent[c.over::integer], p_now) + c.per) as until,
        (array_agg(format('%s has had %s messages by %s in %s', c.address, greatest(cardinality(c.sent), c.most), c.channel, c.per) order by c.address))[1] as why
      from counted c
      where c.over > 0
      group by c.message_id
    )
    select coalesce(jsonb_object_agg(b.message_id, jsonb_build_object('verdict', 'deferred', 'until', b.until,
      'reason', format('%s, the most that it may get: waits until %s', b.why, pgwhen._when(b.until)))), '{}')
    from beyond b);
end
$$;
comment on function pgwhen._cap_messages(jsonb, timestamptz) is 'Which messages are beyond the cap of a recipient: by message, {verdict, until, reason}. Holds the recipients'' locks until the commit.';
