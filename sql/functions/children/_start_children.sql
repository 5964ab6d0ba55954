-- A start is a manual start of the other workflow, with the step as its cause, decided here where its result is known: whether there
-- is such a workflow now, in which version, with an input that fits. The guard against loops is that of events.
create or replace function pgwhen._start_children(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_due pgwhen.step_ref[];
  v_contexts jsonb;
  v_settled pgwhen.step_ref[];
  v_failed pgwhen.step_ref[];
  v_roots pgwhen.step_ref[];
begin
  with given as materialized (
    select c.execution_id, c.step_id, c.context,
      case when t.compiled ? 'at' then pgwhen._start_due(t.compiled, c.context) end as due_at
    from pgwhen._build_contexts(p_steps, 'engine') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select g.execution_id, g.due_at, g.step_id, 'timeout' from given g where g.due_at > v_now
    on conflict (execution_id, step_id, part, purpose) do update set due_at = excluded.due_at
  )
  select array_agg((g.execution_id, g.step_id)::pgwhen.step_ref), jsonb_object_agg(g.execution_id || ':' || g.step_id, g.context)
  into v_due, v_contexts
  from given g
  where g.due_at is null or g.due_at <= v_now;
  if v_due is null then
    return;
  end if;

  perform pgwhen._forget_children(v_due);
  with asked as materialized (
    select r.execution_id, r.step_id, s.generation, x.tenant, x.priority, x.depth + 1 as depth, e.actor, t.compiled,
      w.workflow_id, w.status, v.version, v.compiled as version_compiled, m.trigger_no, m.condition,
      coalesce(pgwhen._value(t.compiled -> 'with', v_contexts -> (r.execution_id || ':' || r.step_id)), '{}') as input
    from unnest(v_due) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    cross join lateral (
      select y.generation from pgwhen.execution_steps y
      where y.execution_id = r.execution_id and y.step_id = r.step_id and y.part = 0
      offset 0) s
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
    left join pgwhen.events e on e.event_id = x.event_id
    left join pgwhen.workflows w on w.tenant = x.tenant and w.workflow = t.compiled ->> 'workflow'
    left join pgwhen.versions v on v.workflow_id = w.workflow_id and v.version = w.active_version
    left join lateral (
      select n.trigger_no, n.condition
      from pgwhen.triggers n
      where n.workflow_id = v.workflow_id and n.version = v.version and n.kind = 'manual' and n.enabled
      order by n.trigger_no
      limit 1) m on true
  ), judged as materialized (
    select a.*, pgwhen._start_problem(a.compiled ->> 'workflow', a.status, a.trigger_no, a.depth,
        a.workflow_id is not null and pgwhen._is_reentry(jsonb_build_object('execution', a.execution_id), a.workflow_id, null, null),
        pgwhen._input_problem(a.version_compiled -> 'inputs', a.input)) as problem
    from asked a
  ), kept_out as materialized (
    -- What the started workflow itself says of who may enter.
    select j.*, j.problem is null and pgwhen._is_kept_out(j.workflow_id, j.version, j.version_compiled, j.condition, j.input, j.actor, j.depth,
        v_now) as is_out
    from judged j
  ), planned as materialized (
    select k.*, pgwhen._execution_id(k.workflow_id, format('child:%s:%s:%s:0', k.execution_id, k.step_id, k.generation),
        pgwhen._id_time(k.execution_id)) as child_id,
      pgwhen._execution_id(k.workflow_id, format('event:child:%s:%s:%s', k.execution_id, k.step_id, k.generation), v_now) as event_id
    from kept_out k
    where k.problem is null and not k.is_out
  ), happened as (
    insert into pgwhen.events (event_id, occurred_at, dispatched_at, depth, start_count, tenant, operation, type, actor, input, cause)
    select p.event_id, v_now, v_now, p.depth, 1, p.tenant, 'manual', 'start', p.actor,
      pgwhen._check_inputs(p.version_compiled -> 'inputs', p.input), jsonb_build_object('execution', p.execution_id, 'depth', p.depth)
    from planned p
  ), made as materialized (
    insert into pgwhen.executions (execution_id, event_id, started_at, parent_execution_id, workflow_id, version, trigger_no, depth,
      priority, tenant, status, parent_step_id, parent_generation)
    select p.child_id, p.event_id, v_now, p.execution_id, p.workflow_id, p.version, p.trigger_no, p.depth,
      coalesce((p.version_compiled ->> 'priority')::smallint, 2), p.tenant, 'running', p.step_id, p.generation
    from planned p
    returning execution_id, workflow_id, version
  ), opened as (
    insert into pgwhen.unfinished (execution_id, workflow_id, version)
    select m.execution_id, m.workflow_id, m.version from made m
  ), awaited as (
    insert into pgwhen.children (parent_execution_id, execution_id, parent_step_id)
    select p.execution_id, p.child_id, p.step_id from planned p where p.compiled -> 'await' = 'true'
  ), settled as (
    update pgwhen.execution_steps s
    set status = case when k.problem is null then 'completed' else 'failed' end,
      outcome = case when k.problem is null then 'success' else 'error' end, finished_at = v_now,
      reason = case when k.is_out then format('%s was not started: its suppress_if or if kept it out', k.compiled ->> 'workflow') end,
      output = case when k.problem is null then jsonb_build_object('execution', p.child_id) end,
      error = jsonb_build_object('class', 'permanent') || k.problem
    from (select k.*, 0 as part from kept_out k offset 0) k
    left join planned p on p.execution_id = k.execution_id and p.step_id = k.step_id
    where (k.problem is not null or k.is_out or k.compiled -> 'await' = 'false')
      and s.execution_id = k.execution_id and s.step_id = k.step_id and s.part = k.part and s.status = 'waiting'
    returning s.execution_id, s.step_id, s.status
  )
  select
    (select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) from settled s),
    (select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) from settled s where s.status = 'failed'),
    (select array_agg((m.execution_id, t.step_id)::pgwhen.step_ref)
     from made m
     join pgwhen.steps t on t.workflow_id = m.workflow_id and t.version = m.version
     where t.body is null and not exists (
       select from pgwhen.edges e where e.workflow_id = t.workflow_id and e.version = t.version and e.target = t.step_id))
  into v_settled, v_failed, v_roots;

  if v_roots is not null then
    perform pgwhen._run_steps(v_roots);
  end if;
  if v_failed is not null then
    perform pgwhen._record_failures(v_failed);
  end if;
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._start_children(pgwhen.step_ref[]) is 'Starts what start steps ask for, or lets them sleep until their time.';
