-- A sequence does not roll back: only what is committed may be marked. This transaction has therefore written nothing yet, it sees the
-- present, and nobody else is publishing. Where that does not hold, a later call does it; until then the triggers look up.
create or replace function pgwhen._mark_unsubscribed() returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if pg_current_xact_id_if_assigned() is not null or current_setting('transaction_isolation') <> 'read committed'
    or not exists (select from pgwhen._called_for_nobody())
    or not pg_try_advisory_xact_lock(hashtextextended('pgwhen.definitions', 0)) then
    return;
  end if;
  perform setval(s, 1) from pgwhen._called_for_nobody() s;  -- once more, under the lock
end
$$;
comment on function pgwhen._mark_unsubscribed() is 'Has the triggers not called for operations that nobody is subscribed to any more (docs/decisions/0014).';
