-- Also forgets a throttle and closes the circuit breaker: who resumes has looked. A connection of the tenant default, such as those
-- from a poller's environment, serves every tenant that has none of that name.
create or replace function pgwhen.resume_connection(p_name text, p_reason text default null) returns jsonb
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
  v_released integer := 0;
  v_resumed boolean;
begin
  perform pgwhen._require_connection(p_name);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  update pgwhen.connections c
  set status = 'active', reason = null, throttled_until = null, failures = 0, opened_until = null, updated_at = pgwhen._now()
  where c.tenant = pgwhen._tenant() and c.name = p_name
    and (c.status <> 'active' or c.throttled_until is not null or c.opened_until is not null);
  v_resumed := found;
  v_released := pgwhen._release_connection(pgwhen._tenant(), p_name) + case when v_resumed then pgwhen._wake_deferred(pgwhen._tenant(), p_name) else 0 end;
  if v_resumed or v_released > 0 then
    perform pgwhen._audit('resume_connection', array[p_name], p_reason, jsonb_build_object('released', v_released));
  end if;
  return jsonb_build_object('resumed', v_resumed, 'released', v_released);
end
$$;
comment on function pgwhen.resume_connection(text, text) is 'Sends by a connection again, and releases what was held for it, or deferred by its throttle or circuit breaker. Returns {resumed, released}.';
