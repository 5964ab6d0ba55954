-- In figures, and the first of those that a person looks for: what failed, then what is at work, then the rest. A loop may have made
-- ten thousand.
create or replace function pgwhen._show_children(p_execution_id uuid, p_step_id text, p_generation integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with child as materialized (
    select x.execution_id, x.item_index, x.workflow_id, x.status, coalesce(x.error ->> 'message', x.reason) as reason
    from pgwhen.executions x
    where x.parent_execution_id = p_execution_id and x.parent_step_id = p_step_id and x.parent_generation = p_generation
      and x.execution_id >= (select pgwhen._id_from(pgwhen._id_time(p_execution_id)))
      and x.execution_id < (select pgwhen._id_from(pgwhen._id_time(p_execution_id) + interval '1 millisecond'))
  ), counted as (
    select count(*) as made, count(*) filter (where c.status = 'completed') as completed,
      count(*) filter (where c.status in ('failed', 'cancelled')) as failed,
      count(*) filter (where c.status in ('pending', 'running', 'waiting')) as open
    from child c
  ), shown as (
    select c.execution_id, c.item_index as index, w.workflow, c.status, c.reason
    from child c
    join pgwhen.workflows w on w.workflow_id = c.workflow_id
    order by c.status not in ('failed', 'cancelled'), c.status = 'completed', c.item_index
    limit 20
  )
  select jsonb_build_object('total', case when n.is_ended then k.made else n.item_limit end, 'completed', k.completed, 'failed', k.failed,
    'open', k.open, 'executions', (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from shown s),
    'progress', format('%s%s done%s%s', trim(to_char(k.completed + k.failed, '999,999,999')),
      ' of ' || trim(to_char(case when n.is_ended then k.made else n.item_limit end, '999,999,999')),
      ', ' || nullif(k.failed, 0) || ' failed', ', ' || nullif(k.open, 0) || ' at work'))
  from counted k
  left join lateral (
    select l.item_limit, false as is_ended from pgwhen.loops l where l.execution_id = p_execution_id and l.step_id = p_step_id
    union all
    select null, true
    where not exists (select from pgwhen.loops l where l.execution_id = p_execution_id and l.step_id = p_step_id)) n on true
  where k.made > 0 or not n.is_ended
$$;
comment on function pgwhen._show_children(uuid, text, integer) is 'The executions that a step made: {total, completed, failed, open, progress, executions: the first 20}; null when it made none.';
