-- The item's result is what the last step of the body gave that completed. An item that failed or was cancelled has none.
create or replace function pgwhen._item_result(p_execution_id uuid) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select s.output
  from pgwhen.executions x
  join pgwhen.execution_steps s on s.execution_id = x.execution_id and s.part = 0
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  where x.execution_id = p_execution_id and x.status = 'completed' and s.status = 'completed'
  order by t.position desc
  limit 1
$$;
comment on function pgwhen._item_result(uuid) is 'What an item of a loop gave; null when it did not complete.';
