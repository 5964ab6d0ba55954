-- One iteration after the other: the condition is asked when none is at work, with item as the result of the one before.
create or replace function pgwhen._turn_whiles(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_steps pgwhen.step_ref[] := array(
    select r from unnest(p_steps) r
    cross join lateral (select * from pgwhen.loops l where l.execution_id = r.execution_id and l.step_id = r.step_id offset 0) l
    where l.source = 'while' and not l.is_read
      and not exists (
        select from pgwhen.children c where c.parent_execution_id = r.execution_id and c.parent_step_id = r.step_id offset 0));
begin
  if v_steps = '{}' then
    return;
  end if;
  with asked as materialized (
    select l.execution_id, l.step_id, l.made_count, l.item, l.made_count >= l.item_limit as is_full,
      pgwhen._holds(t.compiled -> 'while', c.context
        || jsonb_build_object('index', l.made_count, 'item', l.item, coalesce(t.compiled ->> 'as', 'item'), l.item)) is true as holds
    from pgwhen._build_contexts(v_steps, 'engine') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    cross join lateral (select * from pgwhen.loops l where l.execution_id = c.execution_id and l.step_id = c.step_id offset 0) l
  ), next as (
    insert into pgwhen.loop_items (execution_id, item_index, step_id, item)
    select a.execution_id, a.made_count, a.step_id, coalesce(a.item, 'null') from asked a where a.holds and not a.is_full
  )
  update pgwhen.loops l
  set is_read = true, note = case when a.holds then format('stopped at max, after %s iterations', l.made_count) end
  from asked a
  where l.execution_id = any (array(select r.execution_id from unnest(v_steps) r))
    and l.execution_id = a.execution_id and l.step_id = a.step_id and (a.is_full or not a.holds);
end
$$;
comment on function pgwhen._turn_whiles(pgwhen.step_ref[]) is 'Asks the conditions of while loops for their next iteration.';
