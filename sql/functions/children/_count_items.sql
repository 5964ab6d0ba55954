create or replace function pgwhen._count_items(p_steps pgwhen.step_ref[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with ended as materialized (
    select r.execution_id as parent_execution_id, r.step_id as parent_step_id, c.execution_id, c.place, x.item_index,
      x.status <> 'completed' as failed, x.had_failures,
      case when x.status <> 'completed' then jsonb_build_object('index', x.item_index) || pgwhen._item_error(x.status, x.reason, x.error) end as error
    from unnest(p_steps) r
    cross join lateral (
      select c.execution_id, c.ctid as place from pgwhen.children c
      where c.parent_execution_id = r.execution_id and c.parent_step_id = r.step_id
      offset 0) c
    join pgwhen.executions x on x.execution_id = c.execution_id
    where x.status in ('completed', 'failed', 'cancelled')
  ), gone as (
    delete from pgwhen.children c where c.ctid = any (array(select e.place from ended e))
  ), counted as materialized (
    select e.parent_execution_id, e.parent_step_id, count(*) filter (where e.failed) as failed_count,
      bool_or(e.failed or e.had_failures) as had_failures, (array_agg(e.error order by e.item_index) filter (where e.failed))[1] as error,
      (array_agg(e.execution_id order by e.item_index desc))[1] as latest
    from ended e
    group by e.parent_execution_id, e.parent_step_id
  ), marked as (
    update pgwhen.executions p
    set had_failures = true
    from counted c
    where c.had_failures and p.execution_id = c.parent_execution_id and not p.had_failures
  )
  update pgwhen.loops l
  set failed_count = l.failed_count + c.failed_count, error = coalesce(l.error, c.error),
    item = case when l.source = 'while' then pgwhen._item_result(c.latest) else l.item end
  from counted c
  where l.execution_id = any (array(select r.execution_id from unnest(p_steps) r))
    and l.execution_id = c.parent_execution_id and l.step_id = c.parent_step_id
    and (c.failed_count > 0 or l.source = 'while')
$$;
comment on function pgwhen._count_items(pgwhen.step_ref[]) is 'Takes note of the children of loops that have ended.';
