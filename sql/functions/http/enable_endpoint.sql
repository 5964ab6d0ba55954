-- Held webhooks leave with the bytes and the id that they had.
create or replace function pgwhen.enable_endpoint(p_name text, p_reason text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_enabled boolean;
  v_released integer;
begin
  perform pgwhen._require_endpoint(p_name);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  update pgwhen.endpoints e
  set status = 'active', reason = null, disabled_at = null, failing_since = null, throttled_until = null, updated_at = pgwhen._now()
  where e.tenant = v_tenant and e.name = p_name and e.status <> 'active';
  v_enabled := found;
  v_released := pgwhen._release_held(array(
    select (h.execution_id, h.step_id, h.part)::pgwhen.held_ref from pgwhen.held h
    where h.tenant = v_tenant and h.connection = pgwhen._endpoint_connection(p_name)));
  if v_enabled or v_released > 0 then
    perform pgwhen._audit('enable_endpoint', array[p_name], p_reason, jsonb_build_object('released', v_released));
  end if;
  return jsonb_build_object('enabled', v_enabled, 'released', v_released);
end
$$;
comment on function pgwhen.enable_endpoint(text, text) is 'Sends webhooks to an endpoint again and releases what was held for it. Returns {enabled, released}.';
