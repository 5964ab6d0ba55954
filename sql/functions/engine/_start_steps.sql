-- Decides what each step becomes, then writes its row once, in the state that it comes to. A context is built only for steps
-- with a condition or with values that the engine itself needs.
create or replace function pgwhen._start_steps(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._now();
  v_direct boolean := pgwhen._queue_is_short();
  v_sleeping uuid[];
  v_settled pgwhen.step_ref[];
begin
  with given as materialized (
    select r.execution_id, r.step_id, x.generation, x.tenant, x.priority, s as step,
      s.condition is not null or s.type in ('delay', 'stop') as asks
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps s on s.workflow_id = x.workflow_id and s.version = x.version and s.step_id = r.step_id
  ), asking as materialized (
    select array_agg((g.execution_id, g.step_id)::pgwhen.step_ref) as steps from given g where g.asks
  ), context as materialized (
    select jsonb_object_agg(c.execution_id || ':' || c.step_id, c.context) as contexts
    from asking a
    cross join lateral pgwhen._build_contexts(a.steps, 'start') c
    where a.steps is not null
  ), begun as materialized (
    select g.execution_id, g.step_id, g.generation, g.tenant, g.priority, d.*
    from given g
    cross join lateral pgwhen._decide_start(g.step,
      case when g.asks then (select c.contexts from context c) -> (g.execution_id || ':' || g.step_id) end, v_now) d
  ), written as (
    insert into pgwhen.execution_steps (execution_id, queued_at, finished_at, generation, step_id, status, outcome, reason, output)
    select b.execution_id, v_now, case when b.status in ('completed', 'skipped') then v_now end, b.generation, b.step_id,
      case when b.status = 'queued' and not v_direct then 'ready' else b.status end, b.outcome, b.reason, b.output
    from begun b
    returning execution_id, step_id, status
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select b.execution_id, b.due_at, b.step_id, 'delay' from begun b where b.status = 'sleeping'
    returning execution_id
  ), queued as (
    insert into pgmq.q_pgwhen_actions (vt, enqueued_at, message)
    select v_now, v_now, jsonb_build_object('v', 1, 'execution', b.execution_id, 'step', b.step_id, 'generation', b.generation, 'part', 0)
    from begun b where b.status = 'queued' and v_direct
    order by b.priority
  ), waiting as (
    insert into pgwhen.ready (execution_id, queued_at, generation, priority, tenant, step_id)
    select b.execution_id, v_now, b.generation, b.priority, b.tenant, b.step_id
    from begun b where b.status = 'queued' and not v_direct
  )
  select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.status in ('completed', 'skipped')),
    (select array_agg(a.execution_id) from asleep a)
  into v_settled, v_sleeping
  from written w;

  if v_sleeping is not null then
    perform pgwhen._refresh_executions(v_sleeping);
  end if;
  return v_settled;
end
$$;
comment on function pgwhen._start_steps(pgwhen.step_ref[]) is 'Starts steps whose edges have fired; returns those that settled at once.';
