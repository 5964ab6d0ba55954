-- An item of a loop may wait for a message that was sent outside of the loop.
create or replace function pgwhen._message_owner(p_execution_id uuid, p_step_id text) returns uuid
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select x.execution_id
  from unnest(p_execution_id || pgwhen._ancestors(p_execution_id)) with ordinality i (execution_id, n)
  join pgwhen.executions x on x.execution_id = i.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = p_step_id and t.body is not distinct from x.body
  order by i.n
  limit 1
$$;
comment on function pgwhen._message_owner(uuid, text) is 'The execution that a step seen from an execution belongs to: itself, or one whose loop it is an item of.';
