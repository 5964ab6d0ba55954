-- Also forgets a throttle. What was held goes on under the same generation: it was never sent, or keeps its bytes and its key.
-- Executions are locked first, in id order, as everywhere. A connection of the tenant default, such as those from a poller's
-- environment, serves every tenant that has none of that name.
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
  v_ids uuid[];
  v_steps pgwhen.step_ref[];
  v_released integer := 0;
  v_resumed boolean;
begin
  perform pgwhen._require_connection(p_name);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  update pgwhen.connections c
  set status = 'active', reason = null, throttled_until = null, updated_at = pgwhen._now()
  where c.tenant = pgwhen._tenant() and c.name = p_name and (c.status <> 'active' or c.throttled_until is not null);
  v_resumed := found;

  v_ids := array(
    select distinct h.execution_id from pgwhen.held h
    where h.connection = p_name
      and (h.tenant = pgwhen._tenant() or pgwhen._tenant() = 'default' and not exists (
        select from pgwhen.connections c where c.tenant = h.tenant and c.name = p_name))
    order by h.execution_id);
  perform from pgwhen.executions x where x.execution_id = any (v_ids) order by x.execution_id for no key update;
  for v_start in 1..cardinality(v_ids) by 500 loop
    with released as (
      delete from pgwhen.held h
      using unnest(v_ids[v_start:v_start + 499]) i (execution_id)
      where h.execution_id = i.execution_id and h.connection = p_name
      returning h.execution_id, h.step_id
    )
    select array_agg((r.execution_id, r.step_id)::pgwhen.step_ref order by r.execution_id) into v_steps from released r;
    v_released := v_released + coalesce(cardinality(v_steps), 0);
    perform pgwhen._enqueue_actions(v_steps);
    perform pgwhen._refresh_executions(v_ids[v_start:v_start + 499]);
  end loop;
  if v_resumed or v_released > 0 then
    perform pgwhen._audit('resume_connection', array[p_name], p_reason, jsonb_build_object('released', v_released));
  end if;
  return jsonb_build_object('resumed', v_resumed, 'released', v_released);
end
$$;
comment on function pgwhen.resume_connection(text, text) is 'Sends by a connection again and releases what was held for it. Returns {resumed, released}.';
