-- Those of the tenant, and those of the house that it has no own of that name for: by these its messages leave.
create or replace function pgwhen.list_connections()
returns table (
  name text, channel text, provider text, status text, reason text, throttled_until timestamptz, held bigint, shared boolean, updated_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.name, c.channel, c.provider, c.status, c.reason, case when c.throttled_until > pgwhen._now() then c.throttled_until end,
    (select count(*) from pgwhen.held h where h.tenant = pgwhen._tenant() and h.connection = c.name),
    c.tenant <> pgwhen._tenant(), c.updated_at
  from pgwhen.connections c
  where c.tenant = pgwhen._tenant()
    or c.tenant = 'default' and not exists (
      select from pgwhen.connections own where own.tenant = pgwhen._tenant() and own.name = c.name)
  order by c.name
$$;
comment on function pgwhen.list_connections() is 'Connections that the tenant''s messages leave by, and how many of its actions are held for each.
shared: it belongs to the tenant default, who alone can pause it. throttled_until is null unless it lies ahead.';
