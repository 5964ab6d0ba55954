-- A lease that ran out while the step was claimed is simply free: nothing had left, the claim below takes it again. One that
-- ran out while sending is uncertain, and is treated as if its poller had reported that; of a database step nothing has remained then,
-- its effect and its result are one commit, nor of what a poller makes within itself; and a request that is safe to repeat is repeated. A step that somebody else holds is left for the next claim, so a claim never waits for a lock.
create or replace function pgwhen._expire_leases(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
  v_reports pgwhen.action_report[];
begin
  select array_agg(distinct (q.message ->> 'execution')::uuid) into v_ids
  from (select m.message from pgmq.q_pgwhen_actions m
        where m.vt <= v_now and m.read_ct > 0 order by m.msg_id limit p_max) q;
  if v_ids is null then
    return 0;
  end if;
  v_ids := array(
    select x.execution_id
    from unnest(v_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    order by x.execution_id
    for no key update of x skip locked);
  select array_agg((s.execution_id, s.step_id, s.generation, s.part, s.attempt, q.msg_id,
    case when t.performed_by = 'database' or t.type in ('document', 'calendar', 'code')
      or t.type = 'http' and f.message ->> 'method' in ('GET', 'HEAD', 'OPTIONS') then 'transient' else 'uncertain' end, null,
    jsonb_build_object('code', 'lease_expired', 'message', case t.performed_by
      when 'database' then 'the poller or the database went down while the statement ran; nothing of it remains'
      else 'the poller was lost while it was sending' end), null, null, null,
    s.started_at, v_now, null)::pgwhen.action_report)
  into v_reports
  from (select m.msg_id, m.message from pgmq.q_pgwhen_actions m
        where m.vt <= v_now and m.read_ct > 0 order by m.msg_id limit p_max for update skip locked) q
  join pgwhen.execution_steps s on s.execution_id = (q.message ->> 'execution')::uuid and s.step_id = q.message ->> 'step'
    and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
  join pgwhen.executions x on x.execution_id = s.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  left join pgwhen.frozen_messages f on f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation and f.part = s.part
  where s.status = 'sending' and s.execution_id = any (v_ids);
  if v_reports is null then
    return 0;
  end if;
  perform pgwhen._apply_reports(v_reports);
  return cardinality(v_reports);
end
$$;
comment on function pgwhen._expire_leases(integer) is 'Declares uncertain what was being sent when its lease ran out; returns how many.';
