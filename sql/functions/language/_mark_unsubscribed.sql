-- A sequence does not roll back: only what is committed may be marked. This transaction has therefore written nothing yet, it sees the
-- present, and nobody else is publishing. Where that does not hold, a later call does it; until then the triggers look up.
create or replace function pgwhen._mark_unsubscribed() returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_attachments integer[] := array(
    select a.attachment_id
    from pgwhen.attachments a
    cross join pgwhen._unsubscribed_sequence(a.attachment_id) as s (sequence)
    where a.operations = '{}' and s.sequence is not null and pg_sequence_last_value(s.sequence) is null);
begin
  if v_attachments = '{}' or pg_current_xact_id_if_assigned() is not null or current_setting('transaction_isolation') <> 'read committed'
    or not pg_try_advisory_xact_lock(hashtextextended('pgwhen.definitions', 0)) then
    return;
  end if;
  perform setval(pgwhen._unsubscribed_sequence(a.attachment_id), 1)
  from pgwhen.attachments a
  where a.attachment_id = any (v_attachments) and a.operations = '{}';  -- under the lock, once more
end
$$;
comment on function pgwhen._mark_unsubscribed() is 'Has the triggers not called of tables that nobody is subscribed to any more (docs/decisions/0014).';
