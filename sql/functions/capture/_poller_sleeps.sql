-- The doorbell. A poller that goes to sleep holds this lock exclusively; otherwise a writer shares it with all other writers
-- until its transaction ends, so that a poller that wants to sleep cannot miss it. No flag row that could be read stale, and
-- no NOTIFY, which serialises commits, while a poller is awake.
create or replace function pgwhen._poller_sleeps() returns boolean
language sql volatile
return not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.doorbell', 0));
comment on function pgwhen._poller_sleeps() is 'Whether a poller sleeps and wants a notification on pgwhen_doorbell.';
