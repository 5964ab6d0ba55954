-- Decides what each step becomes, then writes its row once, in the state that it comes to. A context is built only for steps
-- with a condition or with values that the engine itself needs.
--
-- A poller that ticks has room for some actions: they are leased to it as they begin (pgwhen.claim_room, pgwhen.claim_until and
-- pgwhen.claimed, variables of tick_and_claim), which saves a second update of the step and of its message. Messages of version 2
-- are leased so to pollers of contract 2 (pgwhen.claim_contract) only, and those of database steps to none.
--
-- An action is as old as what it is due to. Where that is long ago, because nobody dispatched the event or woke the delay in time, the
-- tick says so (pgwhen.late), and the claim knows by it what is stale.
create or replace function pgwhen._start_steps(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_direct boolean := pgwhen._queue_is_short();
  v_room integer := case when v_direct then coalesce(nullif(current_setting('pgwhen.claim_room', true), ''), '0')::integer else 0 end;
  v_until timestamptz := case when v_room > 0 then current_setting('pgwhen.claim_until')::timestamptz end;
  v_version integer := least(coalesce(nullif(current_setting('pgwhen.claim_contract', true), ''), '1')::integer, 2);
  v_late jsonb := nullif(current_setting('pgwhen.late', true), '')::jsonb;
  v_claimed bigint[];
  v_waiting uuid[];
  v_leaving uuid[];
  v_reasons text[];
  v_failed pgwhen.step_ref[];
  v_settled pgwhen.step_ref[];
begin
  with given as materialized (
    select r.execution_id, r.step_id, x.generation, x.tenant, x.priority, a.asks, case when a.asks then s end as step,
      s.compiled ? 'watch' as watches, s.compiled ? 'opens' as opens, s.performed_by = 'poller' as is_sent,
      case when not a.asks then pgwhen._message_version(s.performed_by, s.type, s.definition) end as version,
      case when s.compiled ? 'leave' and x.record_key is not null then jsonb_build_object('(record)', x.attachment_id) end as record,
      case
        when v_late ? x.execution_id::text then (v_late ->> x.execution_id::text)::timestamptz
        else v_now
      end as due_at
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps s on s.workflow_id = x.workflow_id and s.version = x.version and s.step_id = r.step_id
    cross join lateral (select s.condition is not null or s.performed_by = 'engine' or s.compiled ? 'leave' as asks) a
    where x.status in ('pending', 'running', 'waiting')
  ), asking as materialized (
    select array_agg((g.execution_id, g.step_id)::pgwhen.step_ref) as steps from given g where g.asks
  ), context as materialized (
    select jsonb_object_agg(c.execution_id || ':' || c.step_id, c.context) as contexts
    from asking a
    cross join lateral pgwhen._build_contexts(a.steps, 'start') c
    where a.steps is not null
  ), decided as (
    -- What asks for nothing is queued.
    select g.execution_id, g.step_id, g.generation, g.tenant, g.priority, g.due_at as due_since, g.watches, g.is_sent,
      case when g.asks then d.status else 'queued' end as status, coalesce(d.version, g.version) as version, d.outcome, d.reason, d.output, d.error,
      d.due_at, d.handover
    from given g
    left join lateral (
      select * from pgwhen._decide_start(g.step, case
        when g.record is not null then (select c.contexts from context c) -> (g.execution_id || ':' || g.step_id) || g.record
        else (select c.contexts from context c) -> (g.execution_id || ':' || g.step_id)
      end, v_now)
      where g.asks
      offset 0) d on true
  ), begun as materialized (
    select d.*, d.status = 'queued' and d.is_sent and d.version <= v_version and d.due_since > v_now - interval '5 minutes'
        and sum(case when d.status = 'queued' and d.is_sent and d.version <= v_version then 1 end) over (order by d.priority rows unbounded preceding) <= v_room as leased
    from decided d
  ), written as (
    insert into pgwhen.execution_steps (execution_id, queued_at, started_at, finished_at, generation, attempt, step_id, status, outcome,
      reason, output, error)
    select b.execution_id, v_now, case when b.leased then v_now end, case when b.status in ('completed', 'skipped', 'failed', 'cancelled') then v_now end,
      b.generation, b.leased::integer, b.step_id,
      case when b.leased then 'claimed' when b.status = 'queued' and not v_direct then 'ready' else b.status end, b.outcome, b.reason,
      b.output, b.error
    from begun b
    returning execution_id, step_id, status, reason
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select b.execution_id, b.due_at, b.step_id, 'delay' from begun b where b.status = 'sleeping'
  ), handed as (
    insert into pgwhen.handovers (execution_id, step_id, purpose)
    select b.execution_id, b.step_id, b.handover from begun b where b.handover is not null
    union all
    select b.execution_id, b.step_id, 'record' from begun b where b.watches and b.status in ('sleeping', 'waiting')
    union all
    select g.execution_id, 'exit_on', 'exit' from given g where g.opens
  ), queued as (
    insert into pgmq.q_pgwhen_actions (read_ct, vt, enqueued_at, last_read_at, message)
    select b.leased::integer, case when b.leased then v_until else v_now end, b.due_since, case when b.leased then v_now end,
      jsonb_build_object('v', b.version, 'execution', b.execution_id, 'step', b.step_id, 'generation', b.generation, 'part', 0)
    from begun b where b.status = 'queued' and v_direct
    order by b.priority
    returning msg_id, read_ct
  ), waiting as (
    insert into pgwhen.ready (execution_id, queued_at, generation, priority, tenant, step_id)
    select b.execution_id, b.due_since, b.generation, b.priority, b.tenant, b.step_id
    from begun b where b.status = 'queued' and not v_direct
  )
  select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.status in ('completed', 'skipped', 'failed')),
    array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.status = 'failed'),
    array_agg(w.execution_id) filter (where w.status in ('sleeping', 'waiting')),
    array_agg(w.execution_id) filter (where w.status = 'cancelled'), array_agg(w.reason) filter (where w.status = 'cancelled'),
    (select array_agg(q.msg_id) from queued q where q.read_ct = 1)
  into v_settled, v_failed, v_waiting, v_leaving, v_reasons, v_claimed
  from written w;

  if v_claimed is not null then
    perform set_config('pgwhen.claim_room', (v_room - cardinality(v_claimed))::text, true),
      set_config('pgwhen.claimed', (current_setting('pgwhen.claimed')::bigint[] || v_claimed)::text, true);
  end if;
  if v_failed is not null then
    perform pgwhen._record_failures(v_failed);
  end if;
  if v_waiting is not null then
    perform pgwhen._refresh_executions(v_waiting);
  end if;
  if v_leaving is not null then
    -- What begins beside the step that ends the execution has not left either, if it was leased a moment ago.
    update pgwhen.execution_steps s
    set status = 'queued', attempt = 0, started_at = null
    from unnest(v_leaving) i (execution_id)
    where s.execution_id = i.execution_id and s.status = 'claimed' and s.queued_at = v_now and s.started_at = v_now;
    perform pgwhen._leave_executions(v_leaving, v_reasons);
  end if;
  return v_settled;
end
$$;
comment on function pgwhen._start_steps(pgwhen.step_ref[]) is 'Starts steps whose edges have fired; returns those that settled at once.';
