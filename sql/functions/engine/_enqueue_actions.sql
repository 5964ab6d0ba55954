-- For steps that have a row already: those that wake for another attempt, that an operator retries, that were held.
create or replace function pgwhen._enqueue_actions(p_steps pgwhen.step_ref[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with path as materialized (
    select pgwhen._queue_is_short() as direct, pgwhen._now() as now
  ), changed as (
    update pgwhen.execution_steps s
    set status = case when p.direct then 'queued' else 'ready' end, reason = null
    from unnest(p_steps) r, path p
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
      and s.status not in ('claimed', 'sending', 'completed', 'failed', 'skipped', 'not_reached', 'cancelled')
    returning s.execution_id, s.step_id, s.part, s.generation
  ), queued as (
    insert into pgmq.q_pgwhen_actions (vt, enqueued_at, message)
    select p.now, p.now,
      jsonb_build_object('v', 1, 'execution', c.execution_id, 'step', c.step_id, 'generation', c.generation, 'part', c.part)
    from changed c, path p where p.direct
  )
  insert into pgwhen.ready (execution_id, queued_at, part, generation, priority, tenant, step_id)
  select c.execution_id, p.now, c.part, c.generation, x.priority, x.tenant, c.step_id
  from changed c join pgwhen.executions x on x.execution_id = c.execution_id, path p
  where not p.direct
$$;
comment on function pgwhen._enqueue_actions(pgwhen.step_ref[]) is 'Puts actions into the queue, or into ready while the queue is long.';
