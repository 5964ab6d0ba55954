-- The message stays in the queue, invisible until the lease ends: pgmq's vt is the lease. Own statements in place of
-- pgmq.read, which is planned anew at each call. Messages whose step is no longer theirs to perform are removed here. A
-- message that nobody has read belongs to a step that nobody else changes but by taking the message first, so only messages
-- that come back need their step's lock, and they do not wait for it: a claim never waits.
--
-- An e-mail that left in a call with others brings along those that are due (a second round), beyond p_max. Pollers of contract 1 know
-- no batches: they do not get it.
create or replace function pgwhen._claim_actions(p_max integer, p_until timestamptz, p_leased bigint[], p_contract integer)
returns json
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_messages bigint[];
  v_locked bigint[] := p_leased;
  v_batches uuid[];
  v_is_retried boolean := false;
  v_claimed pgwhen.claimed_action[];
  v_has_statement boolean := false;
begin
  v_messages := array(
    select m.msg_id from pgmq.q_pgwhen_actions m
    where m.vt <= v_now and (m.message @> '{"v": 1}' or p_contract >= 2 and m.message @> '{"v": 2}')
    order by m.msg_id
    limit p_max - cardinality(p_leased)
    for update skip locked);
  if cardinality(p_leased) > 0 then
    v_claimed := pgwhen._leased_actions(p_leased, p_until);
  end if;

  for v_round in 1..2 loop
    exit when cardinality(v_messages) = 0;
    if exists (select from pgwhen.kill_switches) or exists (
        select from unnest(v_messages) i (msg_id)
        join pgmq.q_pgwhen_actions q on q.msg_id = i.msg_id
        where q.enqueued_at < v_now - interval '5 minutes') then
      v_messages := pgwhen._hold_back(v_messages);
    end if;
    v_locked := v_locked || v_messages;

    -- What was frozen is looked for only where there has been an attempt.
    with message as materialized (
      select q.msg_id, q.read_ct, s.execution_id, s.step_id, s.part, s.generation, s.attempt, s.status, x.tenant, w.workflow, t.type,
        t.definition, t.performed_by, (t.compiled ->> 'timeout')::double precision as timeout_seconds, f.message as frozen, f.connection,
        f.batch_id, case when f.channel = 'email'
          then jsonb_build_object('batch', jsonb_strip_nulls(jsonb_build_object('id', f.batch_id, 'place', f.batch_place))) end as batch,
        case t.compiled ->> 'on_uncertain' when 'stop' then '{"single": true}'::jsonb end as single
      from unnest(v_messages) i (msg_id)
      join pgmq.q_pgwhen_actions q on q.msg_id = i.msg_id
      join pgwhen.execution_steps s on s.execution_id = (q.message ->> 'execution')::uuid and s.step_id = q.message ->> 'step'
        and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
      join pgwhen.executions x on x.execution_id = s.execution_id
      join pgwhen.workflows w on w.workflow_id = x.workflow_id
      join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
      left join pgwhen.frozen_messages f on f.execution_id = case when s.attempt > 0 then s.execution_id end and f.step_id = s.step_id
        and f.generation = s.generation and f.part = s.part
      where s.status in ('queued', 'claimed') and x.status in ('pending', 'running', 'waiting') and (f.batch_id is null or p_contract >= 2)
    ), retaken as (
      select m.msg_id from message m
      join pgwhen.execution_steps s on s.execution_id = m.execution_id and s.step_id = m.step_id and s.part = m.part
      where m.read_ct > 0 and s.status in ('queued', 'claimed')
      for update of s skip locked
    ), step as (
      update pgwhen.execution_steps s
      set status = 'claimed', attempt = s.attempt + 1, started_at = v_now
      from message m
      where s.execution_id = m.execution_id and s.step_id = m.step_id and s.part = m.part
        and s.attempt = m.attempt and s.status = m.status
        and (m.read_ct = 0 or exists (select from retaken r where r.msg_id = m.msg_id))
      returning m.msg_id, m.execution_id, m.step_id, m.part, m.generation, s.attempt, m.tenant, m.workflow, m.type, m.definition,
        m.performed_by, m.timeout_seconds, m.frozen, m.connection, m.batch_id, m.batch, m.single
    ), leased as (
      update pgmq.q_pgwhen_actions q
      set vt = p_until, read_ct = q.read_ct + 1, last_read_at = v_now
      from step s
      where q.msg_id = s.msg_id
    )
    select v_claimed || array_agg((s.execution_id, s.step_id, s.generation, s.part, s.attempt, s.msg_id, s.tenant, s.workflow, s.type,
        case when s.frozen is null and s.performed_by <> 'database' then s.definition end, null, s.frozen, s.connection, null, s.timeout_seconds, p_until,
        case when s.performed_by = 'database' then '{"database": true}'::jsonb when s.batch is null then s.single
          else coalesce(s.single, '{}') || s.batch end)::pgwhen.claimed_action),
      array_agg(distinct s.batch_id) filter (where s.batch_id is not null),
      v_is_retried or coalesce(bool_or(s.batch is not null), false),
      v_has_statement or coalesce(bool_or(s.performed_by = 'database'), false)
    into v_claimed, v_batches, v_is_retried, v_has_statement
    from step s;
    exit when v_batches is null;
    v_messages := pgwhen._batch_messages(v_batches, v_locked);
  end loop;

  if coalesce(cardinality(v_claimed), 0) <> cardinality(v_locked) then
    perform pgwhen._drop_stale_messages(v_locked);
  end if;
  if v_claimed is null then
    return json '[]';
  end if;
  if v_is_retried then
    v_claimed := pgwhen._describe_batches(v_claimed);
  end if;
  -- A database step runs at once, and may take the server down each time: its attempt has to be counted.
  if not v_has_statement then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  assert pgwhen._fail_point('claim.leased');

  return pgwhen._describe_actions(v_claimed);
end
$$;
comment on function pgwhen._claim_actions(integer, timestamptz, bigint[], integer) is 'Leases actions until p_until, p_max with those that were leased as they began (p_leased, messages); returns an array of claimed_action objects.';
