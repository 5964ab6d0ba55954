-- Everything that decides whether, and with what consequence, executions are retried; nothing is changed. `again` counts the
-- messages that may have left before and would leave once more, those of the items of loops and of started
-- executions included.
create or replace function pgwhen._judge_retry(p_execution_ids uuid[], p_scope text, p_step text, p_version text, p_input jsonb)
returns table (execution_id uuid, refusal text, again integer)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive plan as materialized (
    select p.execution_id, array_agg(p.step_id) as steps,
      min(p.step_id) filter (where p.status in ('claimed', 'sending')) as in_flight
    from pgwhen._plan_retry(p_execution_ids, p_scope, p_step) p
    group by p.execution_id
  ), family (root, execution_id, steps) as (
    select p.execution_id, p.execution_id, p.steps from plan p
    union all
    select f.root, c.execution_id, null
    from family f
    cross join lateral (
      select x.execution_id, x.parent_step_id, x.parent_generation from pgwhen.executions x
      where x.parent_execution_id = f.execution_id
      offset 0) c
    where (f.steps is null or c.parent_step_id = any (f.steps))
      and c.parent_generation = (
        select s.generation from pgwhen.execution_steps s
        where s.execution_id = f.execution_id and s.step_id = c.parent_step_id and s.part = 0)
  ), message as materialized (
    select m.root, count(*)::integer as again
    from (
      select distinct f.root, a.execution_id, a.step_id, a.part
      from family f
      cross join lateral (
        select t.execution_id, t.step_id, t.part from pgwhen.attempts t
        where t.execution_id = f.execution_id and t.class in ('ok', 'uncertain')
        offset 0) a
      where f.steps is null or a.step_id = any (f.steps)) m
    group by m.root
  )
  select x.execution_id,
    coalesce(pgwhen._find_refusal(x, p_scope, p_step),
      'step ' || p.in_flight || ' is on its way, and its result is not known yet',
      case when p_version = 'current' then pgwhen._find_version_refusal(x, p_step, coalesce(p.steps, '{}')) end,
      case when p_input is not null then
        pgwhen._find_input_refusal(x, case p_version when 'current' then w.active_version else x.version end, p_input) end),
    coalesce(m.again, 0)
  from unnest(p_execution_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  join pgwhen.workflows w on w.workflow_id = x.workflow_id
  left join plan p on p.execution_id = x.execution_id
  left join message m on m.root = x.execution_id
$$;
comment on function pgwhen._judge_retry(uuid[], text, text, text, jsonb) is 'Why executions cannot be retried (null when they can), and how many of their messages would leave again.';
