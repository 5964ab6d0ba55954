-- What people look for by state is a row of its own, so that no index needs to name the state.
create or replace function pgwhen._record_failures(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  insert into pgwhen.failures (execution_id, generation, workflow_id, failed_at, step_id)
  select s.execution_id, s.generation, x.workflow_id, coalesce(s.finished_at, (select pgwhen._now())), s.step_id
  from unnest(p_steps) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
  on conflict (execution_id, step_id, generation) do nothing;
end
$$;
comment on function pgwhen._record_failures(pgwhen.step_ref[]) is 'Makes failed or uncertain steps findable.';
