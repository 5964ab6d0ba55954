-- Weeks that have rows in the default partition: nobody made partitions for that long. Usually none, and the look is a look at an
-- empty table. Below the keeper's bound there are none, they go to the keeper.
create or replace function pgwhen._stray_weeks(p_table text, p_this timestamptz) returns timestamptz[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id text := pgwhen._history_id(p_table);
  v_weeks timestamptz[];
begin
  -- Dynamic: the table is one of six.
  execute format('select array(
    select distinct date_trunc(''week'', pgwhen._id_time(%1$I) at time zone ''UTC'') at time zone ''UTC'' from pgwhen.%2$I
    where %1$I >= $1 and %1$I < $2)', v_id, p_table || '_default')
  into v_weeks
  using pgwhen._id_from(p_this - interval '364 days'), pgwhen._id_from(p_this);
  return array(
    select w.week from unnest(v_weeks) w (week)
    where to_regclass('pgwhen.' || pgwhen._week_name(p_table, w.week)) is null
    order by w.week);
end
$$;
comment on function pgwhen._stray_weeks(text, timestamptz) is 'Weeks of the last year that have no partition but rows in the default partition of a table.';
