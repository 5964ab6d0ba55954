-- One round trip and one commit for a poller with nothing in hand. A claim never waits for anybody's lock.
--
-- What is due goes first; for what room is left, actions that this tick begins are leased at once (_start_steps). The variables by
-- which the two speak mean nothing outside this call.
--
-- The commit of a claim does not wait for the disk (_claim_actions): nothing leaves before freeze_actions, whose commit does, and
-- brings along all that was written before it (docs/decisions/0010). Of what a crash takes the events are in the queue again.
create or replace function pgwhen.tick_and_claim(p_max integer, p_lease_seconds double precision, p_poller jsonb) returns json
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
  v_tick jsonb;
  v_actions json := json '[]';
  v_until timestamptz;
  v_due integer;
  v_next_due timestamptz;
  v_more boolean := false;
  v_defined json;
begin
  if not coalesce(pgwhen.contract() @> (p_poller ->> 'contract')::integer, false) then
    raise exception using errcode = 'WF143',
      message = format('this poller speaks contract %s, the database accepts %s', coalesce(p_poller ->> 'contract', 'none'), pgwhen.contract()),
      hint = 'Upgrade the poller, or run pgwhen migrate with the poller''s version of pgwhen.';
  end if;
  if not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0)) then
    return json_build_object('contract', 1, 'tick', null, 'more', false, 'next_due', pgwhen._now() + interval '1 second', 'actions', '[]'::json);
  end if;
  perform pgwhen._see_poller(p_poller, p_max);
  if p_max > 0 then
    v_due := pgwhen._due_actions(p_max);
    if v_due > 0 and pgwhen._expire_leases(p_max) > 0 then
      v_due := pgwhen._due_actions(p_max);
    end if;
    v_until := pgwhen._clock() + p_lease_seconds * interval '1 second';
    perform set_config('pgwhen.claimed', '{}', true), set_config('pgwhen.claim_until', v_until::text, true),
      set_config('pgwhen.claim_contract', p_poller ->> 'contract', true),
      set_config('pgwhen.claim_room', case when exists (select from pgwhen.kill_switches) then '0' else (p_max - v_due)::text end, true);
  end if;
  v_tick := pgwhen._tick(greatest(p_max, 500));
  perform set_config('pgwhen.claim_room', '0', true);
  if p_max > 0 then
    v_actions := pgwhen._claim_actions(p_max, v_until, current_setting('pgwhen.claimed')::bigint[], (p_poller ->> 'contract')::integer);
  end if;
  assert pgwhen._fail_point('claim.done');
  -- After the claim, so that what was claimed finds the connections that were there for it.
  if p_poller ? 'connections_revision'
    and (select r.revision from pgwhen.connection_revisions r) is distinct from (p_poller ->> 'connections_revision')::bigint then
    v_defined := pgwhen._defined_connections();
  end if;
  v_next_due := pgwhen._next_due();
  -- Where the next thing is not due, this look is enough.
  if v_next_due <= greatest(pgwhen._clock(), clock_timestamp()) -- wall clock: events are due by it, as in _dispatch
    or exists (select from pgwhen.handovers) then
    v_more := pgwhen._is_due((p_poller ->> 'contract')::integer);
  end if;
  return json_build_object('contract', 1, 'tick', v_tick, 'next_due', v_next_due, 'actions', v_actions, 'more', v_more,
    'connections', v_defined -> 'connections', 'connections_revision', v_defined -> 'revision');
end
$$;
comment on function pgwhen.tick_and_claim(integer, double precision, jsonb) is 'Ticks, then leases up to p_max actions for p_lease_seconds: {contract, tick, more, next_due, actions, connections, connections_revision}.
p_poller is {id, contract, host, version, connections: [{name, channel, provider}], connections_revision}: those of its environment, and the number of the defined
ones that it knows; where it is another now, they and their number are in the answer, else null. actions are claimed_action objects; more says that work is due now.';
