-- The oldest week goes: what must stay of it, and of the keeper and the default partition below its end, is copied to a new keeper,
-- which takes their place. The keeper spans everything up to the end of the week; its CHECK says so, so that attaching it does not
-- scan it.
--
-- Nothing may change the rows between the copy and the swap: the migrate lock, held exclusively, keeps the engine and the operators'
-- functions out. Parents are locked only for the swap. Each lock is waited for at most half a second, less than the deadlock timeout:
-- the caller catches that and the week is retired another time.
create or replace function pgwhen._retire_week(p_cutoff timestamptz, p_failed_cutoff timestamptz) returns timestamptz
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set lock_timeout = '500ms'
as $$
declare
  v_week timestamptz := pgwhen._oldest_week(p_cutoff);
  v_table text;
begin
  if v_week is null then
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('pgwhen.migrate', 0));
  foreach v_table in array pgwhen._history_tables() loop
    perform pgwhen._copy_kept(v_table, v_week, p_cutoff, p_failed_cutoff);
  end loop;
  -- Dynamic: the table exists only here.
  execute format('delete from pgwhen.failures f
    where f.execution_id < %L and not exists (select from pgwhen.%I k where k.execution_id = f.execution_id)',
    pgwhen._id_from(v_week + interval '7 days'), 'executions' || '_keeping');
  foreach v_table in array pgwhen._history_tables() loop
    perform pgwhen._swap_keeper(v_table, v_week);
  end loop;
  return v_week;
end
$$;
comment on function pgwhen._retire_week(timestamptz, timestamptz) is 'Drops the oldest week that is due but for what must stay; returns it, null when none is due.';
