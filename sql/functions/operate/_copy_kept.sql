-- executions_keeping is made first: what is kept of the other tables depends on it.
create or replace function pgwhen._copy_kept(p_table text, p_week timestamptz, p_cutoff timestamptz, p_failed_cutoff timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_new text := p_table || '_keeping';
  v_id text := pgwhen._history_id(p_table);
  v_to uuid := pgwhen._id_from(p_week + interval '7 days');
  v_keep text := pgwhen._kept_condition(p_table, 'executions_keeping');
  v_old text;
begin
  -- Dynamic: names, bounds and what is kept differ by table.
  perform pgwhen._new_partition(p_table, v_new, 'Rows of ' || p_table || ' that outlive their week.');
  execute format('alter table pgwhen.%I add constraint id_is_before_the_oldest_week check (%I < %L)', v_new, v_id, v_to);
  foreach v_old in array array[p_table || '_kept', pgwhen._week_name(p_table, p_week), p_table || '_default'] loop
    if to_regclass('pgwhen.' || v_old) is not null then
      execute format('insert into pgwhen.%I select o.* from pgwhen.%I o where o.%I < %L and (%s)', v_new, v_old, v_id, v_to, v_keep)
      using p_cutoff, p_failed_cutoff;
    end if;
  end loop;
  execute format('delete from pgwhen.%I where %I < %L', p_table || '_default', v_id, v_to);
  execute format('analyze pgwhen.%I', v_new);
end
$$;
comment on function pgwhen._copy_kept(text, timestamptz, timestamptz, timestamptz) is 'Copies what must stay up to the end of a week to a new keeper.';
