-- The joins of a batch with itself are a function of their own (_match_events), because what starts from here must not be planned
-- with hash joins (docs/decisions/0004).
create or replace function pgwhen._dispatch_batch(p_messages pgwhen.event_message[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_roots pgwhen.step_ref[] := pgwhen._match_events(p_messages);
  v_is_late boolean := (p_messages[1]).occurred_at < v_now - interval '5 minutes';
begin
  -- One look for what is seldom there.
  if exists (select from pgwhen.watch_keys) or exists (select from pgwhen.backfills) then
    perform pgwhen._match_waits(p_messages);
    perform pgwhen._settle_backfills(p_messages);
  end if;
  assert pgwhen._fail_point('tick.matched');
  if v_roots is null then
    return;
  end if;
  if v_is_late then
    perform set_config('pgwhen.late', coalesce((
      select jsonb_object_agg(r.execution_id, pgwhen._id_time(r.execution_id))
      from unnest(v_roots) r
      where r.execution_id < pgwhen._id_from(v_now - interval '5 minutes'))::text, ''), true);
  end if;
  perform pgwhen._run_steps(v_roots);
  perform set_config('pgwhen.late', '', true) where v_is_late;
  assert pgwhen._fail_point('tick.started');
end
$$;
comment on function pgwhen._dispatch_batch(pgwhen.event_message[]) is 'Matches events to triggers, creates executions, records the events, starts the first steps.';
