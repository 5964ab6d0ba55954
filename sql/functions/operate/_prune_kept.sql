-- Row by row: the keeper is small. An execution that an operator retries at this moment is locked by him, and is kept when its turn
-- comes. What belongs to an execution goes after it, so that a row without its execution is the worst that could be left behind.
create or replace function pgwhen._prune_kept(p_cutoff timestamptz, p_failed_cutoff timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_table text;
  v_deleted integer;
  v_count integer := 0;
begin
  if to_regclass('pgwhen.executions_kept') is null then
    return 0;
  end if;
  foreach v_table in array pgwhen._history_tables() loop
    -- Dynamic: the tables exist only from the first retirement on.
    execute format('delete from pgwhen.%I o where not %s', v_table || '_kept', pgwhen._kept_condition(v_table, 'executions_kept'))
    using p_cutoff, p_failed_cutoff;
    get diagnostics v_deleted = row_count;
    if v_table = 'executions' then
      v_count := v_deleted;
    end if;
  end loop;
  if v_count > 0 then
    delete from pgwhen.failures f
    where f.failed_at <= p_cutoff and not exists (select from pgwhen.executions x where x.execution_id = f.execution_id);
  end if;
  return v_count;
end
$$;
comment on function pgwhen._prune_kept(timestamptz, timestamptz) is 'Drops from the keeper what need not stay any more; returns how many executions.';
