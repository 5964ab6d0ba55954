-- For steps that have a row already: those that wake for another attempt, that an operator retries, that were held, and messages
-- that a step sends beside its own work. p_parts goes with p_steps; without it they are the steps themselves.
create or replace function pgwhen._enqueue_actions(p_steps pgwhen.step_ref[], p_parts integer[] default null) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  with path as materialized (
    select pgwhen._queue_is_short() as direct, pgwhen._now() as now, nullif(current_setting('pgwhen.late', true), '')::jsonb as late
  ), changed as (
    update pgwhen.execution_steps s
    set status = case when p.direct then 'queued' else 'ready' end, reason = null
    from unnest(p_steps, p_parts) r (execution_id, step_id, part), path p
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = coalesce(r.part, 0)
      and s.status not in ('claimed', 'sending', 'completed', 'failed', 'skipped', 'not_reached', 'cancelled')
    returning s.execution_id, s.step_id, s.part, s.generation
  ), queued as (
    insert into pgmq.q_pgwhen_actions (vt, enqueued_at, message)
    select p.now, coalesce((p.late ->> c.execution_id::text)::timestamptz, p.now),
      jsonb_build_object('v', pgwhen._message_version(t.performed_by, t.type, t.definition), 'execution', c.execution_id, 'step', c.step_id,
        'generation', c.generation, 'part', c.part)
    from changed c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    cross join path p
    where p.direct
  )
  insert into pgwhen.ready (execution_id, queued_at, part, generation, priority, tenant, step_id)
  select c.execution_id, coalesce((p.late ->> c.execution_id::text)::timestamptz, p.now), c.part, c.generation, x.priority, x.tenant, c.step_id
  from changed c join pgwhen.executions x on x.execution_id = c.execution_id, path p
  where not p.direct;
end
$$;
comment on function pgwhen._enqueue_actions(pgwhen.step_ref[], integer[]) is 'Puts actions into the queue, or into ready while the queue is long.';
