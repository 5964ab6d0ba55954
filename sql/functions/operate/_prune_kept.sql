-- Row by row: the keeper is small. An execution that an operator retries at this moment is locked by him, and is kept when its turn
-- comes. What belongs to an execution goes after it, so that a row without its execution is the worst that could be left behind.
create or replace function pgwhen._prune_kept(p_cutoff timestamptz, p_failed_cutoff timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_table text;
  v_count integer;
begin
  if to_regclass('pgwhen.executions_kept') is null then
    return 0;
  end if;
  -- Dynamic: the tables exist only from the first retirement on.
  execute 'delete from pgwhen.executions_kept o where not pgwhen._is_kept(o.status, o.had_failures, o.finished_at, $1, $2)'
  using p_cutoff, p_failed_cutoff;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    foreach v_table in array array['execution_steps', 'frozen_messages', 'attempts', 'logs'] loop
      execute format('delete from pgwhen.%I o
        where not exists (select from pgwhen.executions_kept k where k.execution_id = o.execution_id)', v_table || '_kept');
    end loop;
    delete from pgwhen.failures f
    where not exists (select from pgwhen.executions x where x.execution_id = f.execution_id);
  end if;
  execute 'delete from pgwhen.events_kept o
    where not (o.status = ''failed'' and o.occurred_at > $1)
      and not exists (select from pgwhen.executions_kept k where k.event_id = o.event_id)'
  using p_failed_cutoff;
  return v_count;
end
$$;
comment on function pgwhen._prune_kept(timestamptz, timestamptz) is 'Drops from the keeper what need not stay any more; returns how many executions.';
