-- This week and the next, since every plan pays for each of them already, and weeks of the past whose rows had to go to a default
-- partition, a year back at most. With nothing to do it costs a few look-ups by name. A week's tables are made alone and attached, which
-- locks no reader and no writer but those of the default partition, and waits for a lock at most half a second: whoever does not get it
-- tries again later, and the default partition catches the rows meanwhile.
create or replace function pgwhen._make_partitions() returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set lock_timeout = '500ms'
as $$
declare
  v_this timestamptz := date_trunc('week', pgwhen._now() at time zone 'UTC') at time zone 'UTC';
  v_table text;
  v_weeks timestamptz[];
  v_week timestamptz;
  v_count integer := 0;
begin
  foreach v_table in array pgwhen._history_tables() loop
    v_weeks := array(
      select v_this + n * interval '7 days' from generate_series(0, 1) n
      where to_regclass('pgwhen.' || pgwhen._week_name(v_table, v_this + n * interval '7 days')) is null)
      || pgwhen._stray_weeks(v_table, v_this);
    foreach v_week in array v_weeks loop
      perform pgwhen._make_partition(v_table, v_week);
      v_count := v_count + 1;
    end loop;
  end loop;
  return v_count;
exception
  when lock_not_available or deadlock_detected then
    raise warning using errcode = 'WF330', message = 'partitions were not made: somebody holds a lock on the history',
      hint = 'The default partitions catch the rows meanwhile; the next tick or maintain tries again.';
    return 0;
end
$$;
comment on function pgwhen._make_partitions() is 'Makes the weekly partitions that are missing, up to a week ahead; returns how many.';
