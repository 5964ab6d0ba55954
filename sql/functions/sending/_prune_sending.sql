-- Counts of sends matter as long as the longest cap; turns and slots of messages that were cancelled are left behind. A few failures
-- of a connection that nobody has used for a day are no row of failures.
create or replace function pgwhen._prune_sending(p_now timestamptz) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  delete from pgwhen.recipient_sends s
  where s.sent_at <= p_now - coalesce((select max(c.per) from pgwhen._recipient_caps() c where c.channel = s.channel), '0');
  delete from pgwhen.connection_turns t where t.turn_at < p_now - interval '1 day';
  delete from pgwhen.connection_slots s where not exists (select from pgmq.q_pgwhen_actions q where q.msg_id = s.message_id);
  update pgwhen.connections c set failures = 0 where c.failures > 0 and c.opened_until is null and c.updated_at < p_now - interval '1 day';
  delete from pgwhen.connection_clocks k
  where greatest(k.next_at, k.last_turn_at) < p_now - interval '1 day'
    and not exists (select from pgwhen.connections c where c.tenant = k.tenant and c.name = k.name);
$$;
comment on function pgwhen._prune_sending(timestamptz) is 'Drops what caps and limits of connections no longer count.';
