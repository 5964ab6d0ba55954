-- What a retry does with each step of the executions, before anything is changed:
--   requeue  an action that was attempted: the same row, under a new generation (its `if` is not asked again);
--   restart  a step whose start failed: begun anew, its `if` included;
--   decide   the row goes, and the edges decide again: what was cancelled or not reached, what failed behind another step that is
--            retried, and what ran only because a step failed (its error branch), which may fail again or not.
-- If a stop outside the error branches ended the execution, what that stop cancelled stays cancelled. Of an execution that has
-- not ended only uncertain and held steps are retried; the rest of it is in motion.
--
-- Hash joins are wanted here, whatever the caller has set: they join what was read before, not tables.
create or replace function pgwhen._plan_retry(p_execution_ids uuid[])
returns table (execution_id uuid, step_id text, action text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with recursive step as materialized (
    select s.execution_id, s.step_id, s.status, s.attempt, x.workflow_id, x.version, t.type, t.performed_by,
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
    select s.execution_id, b.step_id, bool_and(b.by_error) as only_by_error
    from step s
    join behind b on b.workflow_id = s.workflow_id and b.version = s.version and b.origin = s.step_id
    where s.retried and s.ended
    group by s.execution_id, b.step_id
  ), placed as materialized (
    select s.*, f.execution_id is not null as is_behind, coalesce(f.only_by_error, false) as only_by_error,
      bool_or(s.type = 'stop' and s.status = 'completed' and f.only_by_error is not true) over (partition by s.execution_id) as stopped
    from step s
    left join follower f on f.execution_id = s.execution_id and f.step_id = s.step_id
  )
  select p.execution_id, p.step_id,
    case
      when p.retried and not p.is_behind then
        case when p.performed_by = 'poller' and p.attempt > 0 then 'requeue' else 'restart' end
      else 'decide'
    end
  from placed p
  where p.retried
    or p.ended and p.only_by_error and p.status in ('completed', 'failed', 'skipped', 'not_reached', 'cancelled')
    or p.ended and not p.stopped and p.status in ('cancelled', 'not_reached')
$$;
comment on function pgwhen._plan_retry(uuid[]) is 'What a retry does with which steps: requeue, restart, or decide again.';
