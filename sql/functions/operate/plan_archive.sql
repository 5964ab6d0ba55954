-- Times are fixed here, once, so that what is archived and what is dropped afterwards are the same rows.
create or replace function pgwhen.plan_archive() returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_cutoff timestamptz := v_now - greatest(pgwhen._setting('retention_days', 30), 1) * interval '1 day';
  v_week timestamptz := pgwhen._oldest_week(v_cutoff);
begin
  if pgwhen._tenant() <> 'default' then
    raise exception using errcode = 'WF177', message = format('tenant %s may not archive the history of all tenants', pgwhen._tenant()),
      hint = 'An operator of the tenant default does it for the installation.';
  end if;
  return jsonb_build_object('at', v_now, 'cutoff', v_cutoff,
    'failed_cutoff', v_now - greatest(pgwhen._setting('failed_retention_days', 90), 1) * interval '1 day',
    'week', to_char(v_week at time zone 'UTC', 'IYYY"w"IW'),
    'until', coalesce(v_week + interval '7 days', pgwhen._oldest_week('infinity')));
end
$$;
comment on function pgwhen.plan_archive() is 'What the next call of maintain will drop: {at, cutoff, failed_cutoff, week, until}; week is null where no week is due.
archive_rows gives the rows; maintain takes the plan as p_archived, and drops no more than that.';
