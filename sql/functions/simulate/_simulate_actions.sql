-- A claim and a report for the actions of some executions, without a poller: nothing is sent, each comes to what p_given says of
-- its step or of its number (#3, the third action), or to a good end. What was put into the queue since the simulation began
-- (p_after) is looked through, never the backlog before it. Fairness does not count here: what waits for admission goes at once.
create or replace function pgwhen._simulate_actions(p_ids uuid[], p_after bigint, p_given jsonb, p_number integer) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_claimed pgwhen.claimed_action[];
  v_actions jsonb;
begin
  with admitted as (
    delete from pgwhen.ready r
    using unnest(p_ids) i (execution_id)
    where r.execution_id = i.execution_id
    returning r.execution_id, r.step_id, r.part, r.generation
  ), changed as (
    update pgwhen.execution_steps s
    set status = 'queued'
    from admitted a
    where s.execution_id = a.execution_id and s.step_id = a.step_id and s.part = a.part and s.status = 'ready'
    returning s.execution_id, s.step_id, s.part, s.generation
  )
  insert into pgmq.q_pgwhen_actions (vt, enqueued_at, message)
  select v_now, v_now, jsonb_build_object('v', pgwhen._message_version(t.performed_by, t.type, t.definition), 'execution', c.execution_id,
    'step', c.step_id, 'generation', c.generation, 'part', c.part)
  from changed c
  join pgwhen.executions x on x.execution_id = c.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id;

  with message as materialized (
    select q.msg_id, s.execution_id, s.step_id, s.part, s.generation, x.tenant, w.workflow, t.type, t.definition,
      (t.compiled ->> 'timeout')::double precision as timeout_seconds
    from pgmq.q_pgwhen_actions q
    join pgwhen.execution_steps s on s.execution_id = (q.message ->> 'execution')::uuid and s.step_id = q.message ->> 'step'
      and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
    join pgwhen.executions x on x.execution_id = s.execution_id
    join pgwhen.workflows w on w.workflow_id = x.workflow_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
    where q.msg_id > p_after and t.performed_by <> 'database' and (q.message ->> 'execution')::uuid = any (p_ids) and s.status = 'queued'
      and x.status in ('pending', 'running', 'waiting')
  ), step as (
    update pgwhen.execution_steps s
    set status = 'claimed', attempt = s.attempt + 1, started_at = v_now
    from message m
    where s.execution_id = m.execution_id and s.step_id = m.step_id and s.part = m.part
    returning m.msg_id, s.execution_id, s.step_id, s.part, s.generation, s.attempt
  )
  select array_agg((m.execution_id, m.step_id, m.generation, m.part, s.attempt, m.msg_id, m.tenant, m.workflow, m.type, m.definition, null,
      null, null, null, m.timeout_seconds, v_now + interval '1 hour', null)::pgwhen.claimed_action order by m.msg_id)
  into v_claimed
  from step s
  join message m on m.msg_id = s.msg_id;
  if v_claimed is null then
    return jsonb '[]';
  end if;

  with described as materialized (
    select pgwhen._describe_actions(v_claimed)::jsonb as actions
  )
  select coalesce(jsonb_agg(a.action || jsonb_build_object('number', p_number + a.ordinality, 'at', v_now)
    || case
      when a.action -> 'extra' ? 'error' then jsonb_build_object('error', a.action -> 'extra' -> 'error' || '{"class": "permanent"}')
      when g.given ? 'error' then jsonb_build_object('error', '{"class": "permanent", "code": "given", "message": "failed as given"}'::jsonb
        || (g.given -> 'error') || case when g.given #>> '{error,class}' in ('permanent', 'transient', 'uncertain') then '{}'::jsonb
          else '{"class": "permanent"}' end)
      else jsonb_build_object('output', pgwhen._simulated_output(a.action ->> 'type') || coalesce(nullif(g.given -> 'output', 'null'), '{}'))
    end order by a.ordinality), '[]')
  into v_actions
  from described d
  cross join lateral (
    select o.action, row_number() over (order by (o.action ->> 'message_id')::bigint) as ordinality
    from jsonb_array_elements(d.actions) o (action)) a
  cross join lateral (
    select coalesce(p_given -> ('#' || (p_number + a.ordinality)), p_given -> (a.action ->> 'step_id'), '{}') as given) g;

  perform pgwhen._apply_reports(array(
    select jsonb_populate_record(null::pgwhen.action_report, a.action - '{output,error}'::text[] || jsonb_build_object(
      'class', coalesce(a.action -> 'error' ->> 'class', 'ok'), 'output', a.action -> 'output', 'error', (a.action -> 'error') - 'class',
      'started_at', v_now, 'finished_at', v_now))
    from jsonb_array_elements(v_actions) a (action)));
  return v_actions;
end
$$;
comment on function pgwhen._simulate_actions(uuid[], bigint, jsonb, integer) is 'Performs the actions of some executions in pretence: claimed_action objects with number, at, and the output or error that each came to.';
