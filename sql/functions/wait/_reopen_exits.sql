-- For executions that had ended: their waits are gone. Their beginning leaves this to the tick by itself.
create or replace function pgwhen._reopen_exits(p_execution_ids uuid[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  insert into pgwhen.handovers (execution_id, step_id, purpose)
  select x.execution_id, 'exit_on', 'exit'
  from unnest(p_execution_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  join pgwhen.versions v on v.workflow_id = x.workflow_id and v.version = x.version
  where x.body is null and v.compiled -> 'exit_on' <> '[]'
$$;
comment on function pgwhen._reopen_exits(uuid[]) is 'Leaves it to the tick to make executions that go on again findable by the events of their exit_on.';
