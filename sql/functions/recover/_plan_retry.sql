-- What a retry does with each step of the executions, before anything is changed:
--   requeue  an action that was attempted: the same row, under a new generation (its `if` is not asked again);
--   restart  a step whose start failed: begun anew, its `if` included;
--   decide   the row goes, and the edges decide again: what was cancelled or not reached, what failed behind another step that is
--            retried, and what ran only because a step failed (its error branch), which may fail again or not.
-- What ran would have run without the failure too, and stays, if edges lead to it from the first steps that have fired, or would
-- fire should the retried steps succeed: `steady`.
-- If a stop that stays ended the execution, what it cancelled stays cancelled. Of an execution that has not ended only uncertain and
-- held steps are retried; the rest of it is in motion.
--
-- Hash joins are wanted here, whatever the caller has set: they join what was read before, not tables.
create or replace function pgwhen._plan_retry(p_execution_ids uuid[])
returns table (execution_id uuid, step_id text, action text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with recursive step as materialized (
    select s.execution_id, s.step_id, s.status, s.outcome, s.attempt, x.workflow_id, x.version, t.type, t.performed_by,
      x.status in ('completed', 'failed') as ended,
      s.status in ('uncertain', 'held')
        or x.status in ('completed', 'failed') and (s.status = 'failed' or f.execution_id is not null) as retried
    from unnest(p_execution_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    join pgwhen.execution_steps s on s.execution_id = i.execution_id and s.part = 0
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
    left join pgwhen.failures f on f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation
  ), version as materialized (
    select distinct s.workflow_id, s.version from step s where s.ended
  ), edge as materialized (
    select e.workflow_id, e.version, e.source, e.target, e.outcome
    from version v
    join pgwhen.edges e on e.workflow_id = v.workflow_id and e.version = v.version
  ), behind (workflow_id, version, origin, step_id) as (
    select distinct s.workflow_id, s.version, s.step_id, e.target
    from step s
    join edge e on e.workflow_id = s.workflow_id and e.version = s.version and e.source = s.step_id
    where s.retried and s.ended
    union
    select b.workflow_id, b.version, b.origin, e.target
    from behind b
    join edge e on e.workflow_id = b.workflow_id and e.version = b.version and e.source = b.step_id
  ), follower as materialized (
    select distinct s.execution_id, b.step_id
    from step s
    join behind b on b.workflow_id = s.workflow_id and b.version = s.version and b.origin = s.step_id
    where s.retried and s.ended
  ), steady (execution_id, step_id) as (
    select s.execution_id, s.step_id
    from step s
    left join edge e on e.workflow_id = s.workflow_id and e.version = s.version and e.target = s.step_id
    where s.ended and e.target is null
    union
    select s.execution_id, e.target
    from steady y
    join step s on s.execution_id = y.execution_id and s.step_id = y.step_id
    join edge e on e.workflow_id = s.workflow_id and e.version = s.version and e.source = s.step_id
      and case when s.retried then e.outcome <> 'error' else e.outcome = s.outcome end
  ), judged as (
    select s.*, f.execution_id is not null as is_behind, y.execution_id is not null as is_steady,
      bool_or(s.type = 'stop' and s.status = 'completed' and y.execution_id is not null) over (partition by s.execution_id) as stopped
    from step s
    left join follower f on f.execution_id = s.execution_id and f.step_id = s.step_id
    left join steady y on y.execution_id = s.execution_id and y.step_id = s.step_id
  )
  select j.execution_id, j.step_id,
    case
      when j.retried and not j.is_behind then
        case when j.performed_by = 'poller' and j.attempt > 0 then 'requeue' else 'restart' end
      else 'decide'
    end
  from judged j
  where j.retried
    or j.ended and not j.is_steady and j.status in ('completed', 'skipped')
    or j.ended and not j.stopped and j.status in ('cancelled', 'not_reached')
$$;
comment on function pgwhen._plan_retry(uuid[]) is 'What a retry does with which steps: requeue, restart, or decide again.';
