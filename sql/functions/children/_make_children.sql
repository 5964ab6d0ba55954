-- Children are made when they can begin, at_once of them ahead, so that a loop over many items is never more than that many executions
-- in hand. About a thousand in one call, shared between its loops; a loop that gets fewer than it has room for comes again.
create or replace function pgwhen._make_children(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_roots pgwhen.step_ref[];
begin
  with loop as materialized (
    select l.execution_id, l.step_id, l.generation, l.made_count, l.at_once - o.open as room,
      greatest(1, 1000 / count(*) over ()) as share
    from unnest(p_steps) r
    cross join lateral (select * from pgwhen.loops l where l.execution_id = r.execution_id and l.step_id = r.step_id offset 0) l
    cross join lateral (
      select count(*)::integer as open from pgwhen.children c
      where c.parent_execution_id = l.execution_id and c.parent_step_id = l.step_id) o
    where l.at_once > o.open
  ), next as materialized (
    select l.execution_id, l.step_id, l.generation, n.item_index, n.item, n.place
    from loop l
    cross join lateral (
      select n.item_index, n.item, n.ctid as place from pgwhen.loop_items n
      where n.execution_id = l.execution_id and n.step_id = l.step_id and n.item_index >= l.made_count
      order by n.item_index
      limit least(l.room, l.share)) n
  ), taken as (
    delete from pgwhen.loop_items i where i.ctid = any (array(select n.place from next n))
  ), again as (
    insert into pgwhen.handovers (execution_id, step_id, purpose)
    select l.execution_id, l.step_id, 'loop' from loop l where l.room > l.share
  ), made as materialized (
    insert into pgwhen.executions (execution_id, event_id, started_at, parent_execution_id, workflow_id, version, trigger_no, attachment_id,
      depth, priority, tenant, status, parent_step_id, parent_generation, record_key, item, item_index, body, input)
    select pgwhen._execution_id(x.workflow_id, format('child:%s:%s:%s:%s', n.execution_id, n.step_id, n.generation, n.item_index),
        pgwhen._id_time(n.execution_id)),
      x.event_id, v_now, n.execution_id, x.workflow_id, x.version, x.trigger_no, x.attachment_id, x.depth, x.priority, x.tenant, 'running',
      n.step_id, n.generation, x.record_key, n.item, n.item_index, n.step_id, x.input
    from next n
    join pgwhen.executions x on x.execution_id = n.execution_id
    returning execution_id, parent_execution_id, parent_step_id, workflow_id, version
  ), counted as (
    update pgwhen.loops l
    set made_count = m.latest + 1
    from (select n.execution_id, n.step_id, max(n.item_index) as latest from next n group by n.execution_id, n.step_id) m
    where l.execution_id = any (array(select r.execution_id from unnest(p_steps) r))
      and l.execution_id = m.execution_id and l.step_id = m.step_id
  ), opened as (
    insert into pgwhen.unfinished (execution_id, workflow_id, version)
    select m.execution_id, m.workflow_id, m.version from made m
  ), awaited as (
    insert into pgwhen.children (parent_execution_id, execution_id, parent_step_id)
    select m.parent_execution_id, m.execution_id, m.parent_step_id from made m
  ), root as materialized (
    select b.workflow_id, b.version, b.body, t.step_id
    from (select distinct m.workflow_id, m.version, m.parent_step_id as body from made m) b
    join pgwhen.steps t on t.workflow_id = b.workflow_id and t.version = b.version
    where t.body = b.body and not exists (
      select from pgwhen.edges e where e.workflow_id = t.workflow_id and e.version = t.version and e.target = t.step_id)
  )
  select array_agg((m.execution_id, r.step_id)::pgwhen.step_ref) into v_roots
  from made m
  join root r on r.workflow_id = m.workflow_id and r.version = m.version and r.body = m.parent_step_id;
  if v_roots is not null then
    perform pgwhen._run_steps(v_roots);
  end if;
end
$$;
comment on function pgwhen._make_children(pgwhen.step_ref[]) is 'Makes and starts the next children of loops.';
