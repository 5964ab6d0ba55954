-- Rows of the week that the default partition caught are moved first; attaching then finds none of them there.
create or replace function pgwhen._make_partition(p_table text, p_week timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name text := pgwhen._week_name(p_table, p_week);
  v_from uuid := pgwhen._id_from(p_week);
  v_to uuid := pgwhen._id_from(p_week + interval '7 days');
begin
  -- Dynamic: names and bounds are computed. The order of locks is that of the attach: parent, then default.
  execute format('lock table only pgwhen.%I in share update exclusive mode', p_table);
  perform pgwhen._new_partition(p_table, v_name, 'One week of ' || p_table || '.');
  execute format('lock table pgwhen.%I in access exclusive mode', p_table || '_default');
  execute format('with moved as (delete from pgwhen.%1$I where %2$I >= $1 and %2$I < $2 returning *) insert into pgwhen.%3$I select * from moved',
    p_table || '_default', pgwhen._history_id(p_table), v_name) using v_from, v_to;
  execute format('alter table pgwhen.%I attach partition pgwhen.%I for values from (%L) to (%L)', p_table, v_name, v_from, v_to);
end
$$;
comment on function pgwhen._make_partition(text, timestamptz) is 'Makes and attaches the partition of a table for a week.';
