-- Dynamic: names and bounds are computed.
create or replace function pgwhen._swap_keeper(p_table text, p_week timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_old text;
begin
  foreach v_old in array array[p_table || '_kept', pgwhen._week_name(p_table, p_week)] loop
    if to_regclass('pgwhen.' || v_old) is not null then
      execute format('alter table pgwhen.%I detach partition pgwhen.%I', p_table, v_old);
      execute format('drop table pgwhen.%I', v_old);
    end if;
  end loop;
  execute format('alter table pgwhen.%I rename to %I', p_table || '_keeping', p_table || '_kept');
  execute format('alter table pgwhen.%I attach partition pgwhen.%I for values from (minvalue) to (%L)', p_table, p_table || '_kept',
    pgwhen._id_from(p_week + interval '7 days'));
end
$$;
comment on function pgwhen._swap_keeper(text, timestamptz) is 'Puts the new keeper in the place of the old one and of the week.';
