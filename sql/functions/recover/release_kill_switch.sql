-- The row goes, and what it held goes on where it stood. Another switch that concerns the same actions holds them again.
create or replace function pgwhen.release_kill_switch(p_workflow text default null, p_all boolean default false, p_reason text default null)
returns jsonb
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
  v_scope text := pgwhen._switch_scope(p_workflow, p_all);
  v_released integer;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  delete from pgwhen.kill_switches k where k.scope = v_scope;
  if not found then
    return jsonb_build_object('released', false, 'actions', 0);
  end if;
  v_released := pgwhen._release_held(array(
    select (h.execution_id, h.step_id, h.part)::pgwhen.held_ref from pgwhen.held h where h.cause = v_scope));
  perform pgwhen._audit('release_kill_switch', array[coalesce(p_workflow, v_scope)], p_reason, jsonb_build_object('actions', v_released));
  return jsonb_build_object('released', true, 'actions', v_released);
end
$$;
comment on function pgwhen.release_kill_switch(text, boolean, text) is 'Takes a kill switch back and lets what it held go on. Returns {released, actions}.';
