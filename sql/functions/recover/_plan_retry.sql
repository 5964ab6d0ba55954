-- What a retry does with each step of the executions, before anything is changed:
--   requeue  an action that was attempted: the same row, under a new generation (its `if` is not asked again);
--   restart  a step that begins anew, its `if` included: its start had failed, or it is to run once more;
--   decide   the row goes, and the edges decide again: what was cancelled or not reached, what stands behind a step that runs
--            again, and what ran only because a step failed (its error branch), which may fail again or not.
-- The scope says what runs again: failed, the steps that failed, are uncertain or are held; following, those and all behind them;
-- step, one step and all behind it, and the failure that ended the execution; start, everything; none, nothing but what
-- the end of the execution had cancelled.
--
-- Under failed, what ran would have run without the failure too, and stays, if edges lead to it from the first steps that have
-- fired, or would fire should the retried steps succeed: `steady`. Where a step runs again whatever it came to, all behind it does.
-- If a stop that stays ended the execution, what it cancelled stays cancelled; so does what the join cancelled that did not wait for
-- it, while that join stays. Of an execution that has not ended only uncertain and held steps are retried; the rest of it is in
-- motion. A loop is one step here: the executions of its items belong to the run of the loop that made them.
--
-- Hash joins are wanted here, whatever the caller has set: they join what was read before, not tables.
create or replace function pgwhen._plan_retry(p_execution_ids uuid[], p_scope text, p_step text)
returns table (execution_id uuid, step_id text, action text, status text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with recursive step as materialized (
    select s.execution_id, s.step_id, s.status, s.outcome, s.attempt, x.workflow_id, x.version, t.type, t.performed_by, t.compiled,
      x.status in ('completed', 'failed', 'cancelled') as ended,
      p_scope = 'start' or p_scope = 'step' and s.step_id = p_step or p_scope = 'following' and f.is_failed as is_again,
      s.status in ('uncertain', 'held')
        or p_scope in ('failed', 'following') and x.status in ('completed', 'failed') and f.is_failed
        or p_scope = 'step' and x.status = 'failed' and s.status = 'failed' and t.compiled ->> 'on_error' = 'fail' as is_failed
    from unnest(p_execution_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    cross join lateral (
      select e.* from pgwhen.execution_steps e
      where e.execution_id = i.execution_id and e.part = 0
      offset 0) s
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
    cross join lateral (
      -- A failure without an outcome came after a join had gone on without it (cancel_rest): nobody waits for it.
      select s.status = 'failed' and s.outcome is not null or exists (
        select from pgwhen.failures f
        where f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation
        offset 0) as is_failed) f
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
    where s.ended and (s.is_failed or s.is_again or s.status = 'cancelled')
    union
    select b.workflow_id, b.version, b.origin, e.target
    from behind b
    join edge e on e.workflow_id = b.workflow_id and e.version = b.version and e.source = b.step_id
  ), follower as materialized (
    select s.execution_id, b.step_id, bool_or(s.is_again) as is_again
    from step s
    join behind b on b.workflow_id = s.workflow_id and b.version = s.version and b.origin = s.step_id
    where s.ended and (s.is_failed or s.is_again)
    group by s.execution_id, b.step_id
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
      and case when s.is_failed then e.outcome <> 'error' else e.outcome = s.outcome end
  ), judged as materialized (
    select s.*, f.execution_id is not null as is_behind, coalesce(f.is_again, false) as is_behind_again,
      y.execution_id is not null as is_steady,
      s.ended and not s.is_failed and not s.is_again and not coalesce(f.is_again, false) and y.execution_id is not null
        and s.status in ('completed', 'skipped') as stays
    from step s
    left join follower f on f.execution_id = s.execution_id and f.step_id = s.step_id
    left join steady y on y.execution_id = s.execution_id and y.step_id = s.step_id
  ), stopped as materialized (
    select distinct j.execution_id from judged j where j.stays and j.type = 'stop' and j.status = 'completed'
  )
  select j.execution_id, j.step_id,
    case
      when (j.is_failed or j.is_again) and not j.is_behind then
        case when j.is_failed and not j.is_again and j.performed_by = 'poller' and j.attempt > 0 then 'requeue' else 'restart' end
      else 'decide'
    end, j.status
  from judged j
  where j.is_failed or j.is_again or j.is_behind_again
    or j.ended and not j.is_steady and j.status in ('completed', 'skipped')
    or j.ended and j.status in ('cancelled', 'not_reached')
      and not exists (select from stopped o where o.execution_id = j.execution_id)
      and not exists (
        select from judged c
        join edge e on e.workflow_id = c.workflow_id and e.version = c.version and e.target = c.step_id
        where j.status = 'cancelled' and c.execution_id = j.execution_id and c.stays and c.compiled -> 'cancel_rest' = 'true'
          and (e.source = j.step_id or exists (
            select from behind b where b.workflow_id = j.workflow_id and b.version = j.version and b.origin = j.step_id and b.step_id = c.step_id)))
$$;
comment on function pgwhen._plan_retry(uuid[], text, text) is 'What a retry does with which steps: requeue, restart, or decide again; and what each is now.';
