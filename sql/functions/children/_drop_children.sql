-- For a step that waits no longer, whatever became of it. Its children are other executions, perhaps in somebody's hands: the
-- tick ends them when it can lock them.
create or replace function pgwhen._drop_children(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_executions uuid[] := array(select r.execution_id from unnest(p_steps) r);
begin
  with dropped as (
    delete from pgwhen.children c
    using unnest(p_steps) r
    where c.parent_execution_id = any (v_executions) and c.parent_execution_id = r.execution_id and c.parent_step_id = r.step_id
    returning c.execution_id
  )
  insert into pgwhen.handovers (execution_id, step_id, purpose)
  select d.execution_id, '', 'cancel' from dropped d order by d.execution_id;
  delete from pgwhen.loop_items i
  using unnest(p_steps) r
  where i.execution_id = any (v_executions) and i.execution_id = r.execution_id and i.step_id = r.step_id;
  delete from pgwhen.loops l
  using unnest(p_steps) r
  where l.execution_id = any (v_executions) and l.execution_id = r.execution_id and l.step_id = r.step_id;
end
$$;
comment on function pgwhen._drop_children(pgwhen.step_ref[]) is 'Leaves the open children of steps to the tick, to be cancelled, and forgets the items that waited.';
