-- Definitions change one at a time, across sessions: what is captured follows from all of them. Taken before any row is locked,
-- until the transaction ends.
create or replace function pgwhen._lock_definitions() returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pg_advisory_xact_lock(hashtextextended('pgwhen.definitions', 0))
$$;
comment on function pgwhen._lock_definitions() is 'Waits for whoever else changes definitions, and keeps others out until the transaction ends.';
