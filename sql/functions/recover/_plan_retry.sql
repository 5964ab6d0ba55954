-- What a retry does with each step of the executions, before anything is changed:
--   requeue  an action that was attempted: the same row, under a new generation (its `if` is not asked again);
--   restart  a step whose start failed: begun anew, its `if` included;
--   decide   the row goes, and the edges decide again: what was cancelled or not reached, what failed behind another step that is
--            retried, and what ran only because a step failed (its error branch), which may fail again or not.
-- A step behind a failure ran only because of it when no edge has fired into it that would have fired without: `steady` are the
-- others, found from the steps that no failure leads to.
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
  ), behind (workflow_id, version, origin, by_error, step_id) as (
    select distinct s.workflow_id, s.version, s.step_id, e.outcome = 'error', e.target
    from step s
    join pgwhen.edges e on e.workflow_id = s.workflow_id and e.version = s.version and e.source = s.step_id
    where s.retried and s.ended
    union
    select b.workflow_id, b.version, b.origin, b.by_error, e.target
    from behind b
    join pgwhen.edges e on e.workflow_id = b.workflow_id and e.version = b.version and e.source = b.step_id
  ), follower as materialized (
    select s.execution_id, b.step_id, bool_and(b.by_error) as by_error
    from step s
    join behind b on b.workflow_id = s.workflow_id and b.version = s.version and b.origin = s.step_id
    where s.retried and s.ended
    group by s.execution_id, b.step_id
  ), placed as materialized (
    select s.*, f.execution_id is not null as is_behind, coalesce(f.by_error, false) and not s.retried as by_error
    from step s
    left join follower f on f.execution_id = s.execution_id and f.step_id = s.step_id
  ), steady (execution_id, step_id) as (
    select p.execution_id, p.step_id from placed p where not p.by_error and not p.retried
    union
    select t.execution_id, t.step_id
    from steady y
    join placed s on s.execution_id = y.execution_id and s.step_id = y.step_id
    join pgwhen.edges e on e.workflow_id = s.workflow_id and e.version = s.version and e.source = s.step_id and e.outcome = s.outcome
    join placed t on t.execution_id = s.execution_id and t.step_id = e.target and t.by_error
  ), judged as (
    select p.*, p.by_error and y.execution_id is null as only_by_error,
      bool_or(p.type = 'stop' and p.status = 'completed' and not (p.by_error and y.execution_id is null))
        over (partition by p.execution_id) as stopped
    from placed p
    left join steady y on y.execution_id = p.execution_id and y.step_id = p.step_id
  )
  select j.execution_id, j.step_id,
    case
      when j.retried and not j.is_behind then
        case when j.performed_by = 'poller' and j.attempt > 0 then 'requeue' else 'restart' end
      else 'decide'
    end
  from judged j
  where j.retried
    or j.ended and j.only_by_error and j.status in ('completed', 'failed', 'skipped', 'not_reached', 'cancelled')
    or j.ended and not j.stopped and j.status in ('cancelled', 'not_reached')
$$;
comment on function pgwhen._plan_retry(uuid[]) is 'What a retry does with which steps: requeue, restart, or decide again.';
