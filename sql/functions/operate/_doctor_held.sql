-- What waits for a person: nobody else will move it.
create or replace function pgwhen._doctor_held() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select 'kill switch', 'error',
    format('%s since %s by %s: %s; %s actions are held', coalesce('workflow ' || k.workflow, k.scope), to_char(k.thrown_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
      k.thrown_by, k.reason, k.held),
    format('When it is over: pgwhen kill-switch off%s', coalesce(' --workflow ' || k.workflow, case k.scope when 'all' then ' --all' else '' end))
  from pgwhen.list_kill_switches() k
  union all
  select 'stale actions', case when count(*) > 0 then 'warning' else 'ok' end, format('%s actions were too old to send without asking', count(*)),
    case when count(*) > 0 then 'pgwhen queue --actions shows them; pgwhen release --cause stale sends them, pgwhen discard --cause stale --reason WHY does not.' end
  from pgwhen.held h
  where h.tenant = pgwhen._tenant() and h.cause = 'stale'
$$;
comment on function pgwhen._doctor_held() is 'doctor: kill switches, and actions that are stale.';
