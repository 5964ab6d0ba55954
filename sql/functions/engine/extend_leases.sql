-- Heartbeat of a long action, and with zero seconds the way to give back what was claimed and not sent.
create or replace function pgwhen.extend_leases(p_actions jsonb, p_lease_seconds double precision) returns integer
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_material = off
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_count integer;
begin
  update pgmq.q_pgwhen_actions q
  set vt = v_now + p_lease_seconds * interval '1 second'
  from jsonb_to_recordset(p_actions) as a (execution_id uuid, step_id text, part integer, attempt integer, message_id bigint)
  join pgwhen.execution_steps s on s.execution_id = a.execution_id and s.step_id = a.step_id and s.part = a.part and s.attempt = a.attempt
  where q.msg_id = a.message_id and q.vt > v_now and s.status in ('claimed', 'sending');
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function pgwhen.extend_leases(jsonb, double precision) is 'Moves the end of leases to p_lease_seconds from now; returns how many still were the caller''s.';
