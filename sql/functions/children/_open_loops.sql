-- The items of a list are rows from here on: taking one out never writes the others anew. A table is read page by page
-- (_fill_loops), while has no items before its condition holds (_turn_whiles).
--
-- An operator who retries what failed means the items that failed or were not reached: an item of a list that completed before, at the
-- same place and with the same value, is not done again.
create or replace function pgwhen._open_loops(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_new pgwhen.step_ref[] := array(
    select r from unnest(p_steps) r
    where not exists (select from pgwhen.loops l where l.execution_id = r.execution_id and l.step_id = r.step_id));
begin
  if v_new = '{}' then
    return;
  end if;
  perform pgwhen._forget_children(v_new);
  with given as materialized (
    select c.execution_id, c.step_id, s.generation, x.fresh_generation, t.compiled,
      case when t.compiled ? 'over' then pgwhen._loop_list(pgwhen._value(t.compiled -> 'over', c.context)) end as items,
      (t.compiled ->> 'max')::integer as max
    from pgwhen._build_contexts(v_new, 'engine') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    cross join lateral (
      select e.generation from pgwhen.execution_steps e
      where e.execution_id = c.execution_id and e.step_id = c.step_id and e.part = 0
      offset 0) s
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
  ), opened as (
    insert into pgwhen.loops (execution_id, generation, at_once, item_limit, failed_limit, is_read, step_id, source, note)
    select g.execution_id, g.generation, (g.compiled ->> 'at_once')::integer, least(g.max, jsonb_array_length(g.items)),
      (g.compiled ->> 'failed_limit')::integer, g.items is not null, g.step_id, g.compiled ->> 'kind',
      case when jsonb_array_length(g.items) > g.max then format('the first %s of %s items', g.max, jsonb_array_length(g.items)) end
    from given g
  )
  insert into pgwhen.loop_items (execution_id, item_index, step_id, item)
  select g.execution_id, i.n - 1, g.step_id, i.item
  from given g
  cross join lateral jsonb_array_elements(g.items) with ordinality i (item, n)
  where g.items is not null and i.n <= coalesce(g.max, i.n)
    and (g.generation = g.fresh_generation or not exists (
      select from pgwhen.executions c
      where c.parent_execution_id = g.execution_id and c.parent_step_id = g.step_id and c.item_index = i.n - 1
        and c.parent_generation between g.fresh_generation and g.generation - 1 and c.status = 'completed' and c.item = i.item
      offset 0));
end
$$;
comment on function pgwhen._open_loops(pgwhen.step_ref[]) is 'Begins the loops among the steps that are not at work yet.';
