-- Takes waiting work in turn: one of each lane (tenant, priority), then the next of each. A lane of normal priority counts
-- double and of low priority fourfold, so that high goes first and low is never starved. Lanes are found by skipping through
-- the primary key, never by reading the backlog.
create or replace function pgwhen._admit_actions() returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_target integer;
  v_free integer;
  v_count integer;
begin
  if not exists (select from pgwhen.ready) then
    return 0;
  end if;
  v_target := pgwhen._queue_target();
  select v_target - count(*) into v_free from (select from pgmq.q_pgwhen_actions limit v_target) q;
  if v_free <= 0 then
    return 0;
  end if;
  with recursive lane as (
    (select r.tenant, r.priority from pgwhen.ready r order by r.tenant, r.priority limit 1)
    union all
    select n.tenant, n.priority
    from lane l
    cross join lateral (
      select r.tenant, r.priority from pgwhen.ready r
      where (r.tenant, r.priority) > (l.tenant, l.priority)
      order by r.tenant, r.priority limit 1) n
  ), picked as materialized (
    select n.tenant, n.priority, n.seq
    from lane l
    cross join lateral (
      select r.tenant, r.priority, r.seq, row_number() over (order by r.seq) * (1 << (l.priority - 1)) as turn
      from (select r.tenant, r.priority, r.seq from pgwhen.ready r
            where r.tenant = l.tenant and r.priority = l.priority
            order by r.seq limit v_free) r) n
    order by n.turn, n.priority, n.seq
    limit v_free
  ), admitted as (
    delete from pgwhen.ready r
    using picked p
    where r.tenant = p.tenant and r.priority = p.priority and r.seq = p.seq
    returning r.execution_id, r.step_id, r.part, r.generation, r.queued_at
  ), changed as (
    update pgwhen.execution_steps s
    set status = 'queued'
    from admitted a
    where s.execution_id = a.execution_id and s.step_id = a.step_id and s.part = a.part and s.status = 'ready'
    returning s.execution_id, s.step_id, s.part, s.generation, a.queued_at
  )
  insert into pgmq.q_pgwhen_actions (vt, enqueued_at, message)
  select v_now, c.queued_at,
    jsonb_build_object('v', pgwhen._message_version(t.performed_by, t.type, t.definition), 'execution', c.execution_id, 'step', c.step_id,
      'generation', c.generation, 'part', c.part)
  from changed c
  join pgwhen.executions x on x.execution_id = c.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function pgwhen._admit_actions() is 'Fills the action queue from ready, in turn by tenant and priority; returns how many.';
