-- Small deletions first, what takes strong locks last and shortly, so that the locks are held for little but the commit. A trigger
-- on a new partition of the application holds a lock on that partition until the commit: then the week waits for the next call. One
-- week a call: the caller goes on, each in a transaction of its own, while there is more.
create or replace function pgwhen.maintain(p_archived jsonb default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_cutoff timestamptz := least(v_now - greatest(pgwhen._setting('retention_days', 30), 1) * interval '1 day', (p_archived ->> 'cutoff')::timestamptz);
  v_failed_cutoff timestamptz := least(v_now - greatest(pgwhen._setting('failed_retention_days', 90), 1) * interval '1 day',
    (p_archived ->> 'failed_cutoff')::timestamptz);
  v_done jsonb;
  v_attachments jsonb := '[]'::jsonb;
  v_made integer;
  v_week timestamptz;
  v_more boolean := true;
  v_postponed text[] := array[]::text[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('pgwhen.maintain', 0)) then
    return jsonb_build_object('single_flight', false, 'more', false);
  end if;
  perform pgwhen._mark_unsubscribed();  -- before anything is written
  perform pgwhen._mark_subscribed();  -- a dump reads sequences later than tables
  v_done := pgwhen._prune_small_tables(v_now, v_cutoff)
    || jsonb_build_object('events', pgwhen._prune_events(v_now), 'kept', pgwhen._prune_kept(v_cutoff, v_failed_cutoff));
  v_made := pgwhen._make_partitions();
  begin
    v_attachments := pgwhen._refresh_attachments();
  exception
    when lock_not_available or deadlock_detected then
      v_postponed := array['attachments were not looked after: a table of theirs is locked'];
  end;
  if not jsonb_path_exists(v_attachments, '$[*] ? (@.change == "trigger made" || @.change == "partition covered")') then
    begin
      if p_archived is null or p_archived ->> 'week' = to_char(pgwhen._oldest_week(v_cutoff) at time zone 'UTC', 'IYYY"w"IW') then
        v_week := pgwhen._retire_week(v_cutoff, v_failed_cutoff);
      end if;
      v_more := pgwhen._oldest_week(v_cutoff) is not null;
    exception
      when lock_not_available or deadlock_detected then
        v_postponed := v_postponed || format('week %s was not retired: somebody holds a lock on the history',
          to_char(pgwhen._oldest_week(v_cutoff) at time zone 'UTC', 'IYYY"w"IW'));
        v_more := false;
    end;
  end if;
  return jsonb_build_object('single_flight', true, 'removed', v_done, 'attachments', v_attachments, 'partitions_made', v_made,
    'week_retired', to_char(v_week at time zone 'UTC', 'IYYY"w"IW'), 'postponed', v_postponed, 'more', v_more);
end
$$;
comment on function pgwhen.maintain(jsonb) is 'Makes partitions, drops what is older than the settings say, looks after attached tables. Call it daily, and again while more is true.
Retires at most one week a call. Nothing that is unfinished is dropped. With p_archived, a plan of
plan_archive, it drops only what that plan names. Returns {single_flight, removed, attachments, partitions_made, week_retired, postponed, more}.';
