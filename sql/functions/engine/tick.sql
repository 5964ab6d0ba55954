-- Everything that moves without the network, in one transaction. Single flight: one backend does it, the others find the lock
-- taken and go on, so limits and order are decided without a race. Both locks are tried, not waited for: the next call comes
-- soon.
--
-- The settings of this and the other entry points make every plan below them the same for ever: joins in the order written,
-- nested loops through primary keys, planned once. A plan chosen by statistics while the tables were small would scan them
-- when they have grown, until the next analyze; measured, the first batches after a truncate took ten times as long.
create or replace function pgwhen.tick(p_max integer default 500) returns jsonb
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
  v_dispatched integer;
  v_woken integer;
  v_handed integer;
  v_admitted integer;
begin
  if p_max is null or p_max < 1 then
    raise exception using errcode = 'WF142', message = format('tick takes a number from 1, not %s', coalesce(p_max::text, 'null')),
      hint = 'Say how many events and sleepers it may take at once, for example tick(500).';
  end if;
  if not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0))
     or not pg_try_advisory_xact_lock(hashtextextended('pgwhen.tick', 0)) then
    return jsonb_build_object('single_flight', false, 'dispatched', 0, 'woken', 0, 'handed', 0, 'admitted', 0,
      'next_due', pgwhen._next_due());
  end if;
  v_dispatched := pgwhen._dispatch(p_max);
  perform pgwhen._fail_point('tick.dispatched');
  v_woken := pgwhen._wake_sleepers(p_max);
  v_handed := pgwhen._take_handovers(p_max);
  perform pgwhen._fail_point('tick.advanced');
  v_admitted := pgwhen._admit_actions();
  if to_regclass(format('pgwhen.logs_%s', to_char((v_now + interval '14 days') at time zone 'UTC', 'IYYY"w"IW'))) is null then
    perform pgwhen._make_partitions();
  end if;
  perform pgwhen._send_progress(10000);
  perform pgwhen._fail_point('tick.done');
  return jsonb_build_object('single_flight', true, 'dispatched', v_dispatched, 'woken', v_woken, 'handed', v_handed, 'admitted', v_admitted,
    'next_due', pgwhen._next_due());
end
$$;
comment on function pgwhen.tick(integer) is 'Dispatches up to p_max events, wakes up to p_max sleepers, goes on with what was left to it, admits waiting actions.
Returns {single_flight, dispatched, woken, handed, admitted, next_due}: single_flight is false if another session is at it, next_due is when
the next sleeper, lease or message is due, or null. Safe from any number of callers: pollers, pg_cron, psql.';
