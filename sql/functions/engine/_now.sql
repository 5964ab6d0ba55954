-- The only clock. The setting pgwhen.now replaces it in tests, and only where the settings row test_mode allows: a session
-- may set anything, so the setting alone must not move time. A dry run writes a row of its own session, which nobody else sees and
-- which its end takes away. Stable, so that it can be compared with an index.
create or replace function pgwhen._now() returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if coalesce(current_setting('pgwhen.now', true), '') <> ''
     and exists (select from pgwhen.settings s where s.name in ('test_mode', 'dry_run:' || pg_backend_pid()) and s.value = 'true') then
    return current_setting('pgwhen.now')::timestamptz;
  end if;
  return clock_timestamp();
end
$$;
comment on function pgwhen._now() is 'The time, or the fake clock of a test.';
