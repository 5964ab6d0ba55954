-- Whoever ends an execution may hold no lock of its parent, hence a row for the tick. Only a parent that waits is told.
create or replace function pgwhen._tell_parents(p_execution_ids uuid[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  insert into pgwhen.handovers (execution_id, step_id, purpose)
  select x.parent_execution_id, x.parent_step_id, case when x.body is null then 'child' else 'loop' end
  from unnest(p_execution_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  cross join lateral (
    select from pgwhen.children c
    where c.parent_execution_id = x.parent_execution_id and c.parent_step_id = x.parent_step_id and c.execution_id = x.execution_id
    offset 0) c
  order by x.parent_execution_id, x.item_index
$$;
comment on function pgwhen._tell_parents(uuid[]) is 'Leaves to the tick what follows in the parents of executions that have ended.';
