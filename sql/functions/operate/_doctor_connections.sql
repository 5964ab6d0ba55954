-- What is held for a connection that is active again was missed by its resume, or comes from elsewhere.
create or replace function pgwhen._doctor_connections() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select 'connection ' || c.name,
    case when c.status = 'paused' and c.held > 0 then 'error' when c.status = 'paused' or c.throttled_until is not null or c.held > 0 then 'warning' else 'ok' end,
    concat_ws('; ',
      case when c.status = 'paused' then 'paused' || coalesce(': ' || c.reason, '') else 'active' end,
      'throttled until ' || c.throttled_until::text,
      case when c.held > 0 then format('%s actions are held', c.held) end),
    case when c.status = 'paused' or c.held > 0 then format('When the cause is gone: pgwhen connections resume %s', c.name) end
  from pgwhen.list_connections() c
  union all
  select 'connections', 'ok', 'none is known yet', null
  where not exists (select from pgwhen.list_connections())
$$;
comment on function pgwhen._doctor_connections() is 'doctor: connections that are paused or throttled.';
