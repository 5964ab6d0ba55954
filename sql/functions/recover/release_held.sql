-- For what is held by age, credentials or a person's decision. What a kill switch or a paused connection still keeps back is held again when
-- it is claimed.
create or replace function pgwhen.release_held(p_filter jsonb, p_reason text default null, p_max integer default 10000) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_held pgwhen.held_ref[] := pgwhen._find_held(p_filter);
  v_released integer;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_released := pgwhen._release_held(v_held[1:p_max]);
  if v_released > 0 then
    perform pgwhen._audit('release_held', array['held'], p_reason, jsonb_build_object('filter', p_filter, 'actions', v_released));
  end if;
  return jsonb_build_object('released', v_released, 'left', cardinality(v_held) - least(cardinality(v_held), p_max));
end
$$;
comment on function pgwhen.release_held(jsonb, text, integer) is 'Lets held actions go on, p_max at most: {released, left}.
p_filter is {workflow, step, cause, since, until}, all of them optional; cause is stale, connection, kill_switch or other.';
