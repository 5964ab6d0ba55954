create or replace function pgwhen._doctor_endpoints() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select 'endpoint ' || e.name,
    case when e.status = 'disabled' then 'error' when e.failing_since is not null or e.held > 0 then 'warning' else 'ok' end,
    concat_ws('; ',
      case when e.status = 'disabled' then 'disabled' || coalesce(': ' || e.reason, '') else 'active' end,
      case when e.status = 'active' then 'has only failed since ' || to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') end,
      case when e.held > 0 then format('%s webhooks are held', e.held) end),
    case when e.status = 'disabled' or e.held > 0 then format('When its receiver works again: pgwhen endpoints enable %s', e.name)
      when e.failing_since is not null then format('pgwhen endpoints test %s shows what it answers', e.name) end
  from pgwhen.list_endpoints() e
  union all
  select 'endpoints', 'ok', 'none is registered', null
  where not exists (select from pgwhen.list_endpoints())
$$;
comment on function pgwhen._doctor_endpoints() is 'doctor: endpoints that are disabled, or fail.';
