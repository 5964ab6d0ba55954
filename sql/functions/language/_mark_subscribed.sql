-- At once, whether this transaction is committed or not: who writes after the commit must find it. Whoever subscribes holds the lock
-- of _lock_definitions, so that maintain does not take it back before.
create or replace function pgwhen._mark_subscribed() returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform setval(s.sequence, 1, false)
  from (
    select pgwhen._unsubscribed_sequence(a.attachment_id, o) as sequence from pgwhen.attachments a cross join lateral unnest(a.operations) o
  ) s
  where pg_sequence_last_value(s.sequence) is not null;
end
$$;
comment on function pgwhen._mark_subscribed() is 'Has the triggers called for operations that somebody is subscribed to (docs/decisions/0014).';
