-- Everything that moves without the network, in one transaction. Single flight: one backend does it, the others find the lock
-- taken and go on, so limits and order are decided without a race. Both locks are tried, not waited for: the next call comes
-- soon. Apart from tick, so that a poller's call does not set and restore the settings of an entry point twice.
create or replace function pgwhen._tick(p_max integer) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz;
  v_dispatched integer;
  v_woken integer := 0;
  v_handed integer := 0;
  v_admitted integer := 0;
begin
  if not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0))
     or not pg_try_advisory_xact_lock(hashtextextended('pgwhen.tick', 0)) then
    return jsonb '{"single_flight": false, "dispatched": 0, "woken": 0, "handed": 0, "admitted": 0}';
  end if;
  v_dispatched := pgwhen._dispatch(p_max);
  assert pgwhen._fail_point('tick.dispatched');
  v_now := pgwhen._clock();
  -- One look for what is seldom there.
  if exists (select from pgwhen.sleepers s where s.due_at <= v_now) or exists (select from pgwhen.handovers) or exists (select from pgwhen.ready)
    or exists (select from pgwhen.progress) then
    v_woken := pgwhen._wake_sleepers(p_max);
    v_handed := pgwhen._take_handovers(p_max);
    v_admitted := pgwhen._admit_actions();
    perform pgwhen._send_progress(10000);
  end if;
  assert pgwhen._fail_point('tick.advanced');
  if to_regclass(format('pgwhen.logs_%s', to_char((v_now + interval '7 days') at time zone 'UTC', 'IYYY"w"IW'))) is null then
    perform pgwhen._make_partitions();
  end if;
  assert pgwhen._fail_point('tick.done');
  return jsonb_build_object('single_flight', true, 'dispatched', v_dispatched, 'woken', v_woken, 'handed', v_handed, 'admitted', v_admitted);
end
$$;
comment on function pgwhen._tick(integer) is 'Does what tick does; returns what it returns, without next_due.';
