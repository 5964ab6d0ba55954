-- Those of the tenant, and those of the house that it has no own of that name for: by these its messages leave.
create or replace function pgwhen.list_connections()
returns table (
  name text, channel text, provider text, origin text, is_default boolean, status text, reason text, throttled_until timestamptz, opened_until timestamptz,
  failures integer, rate text, concurrency integer, held bigint, shared boolean, settings jsonb, secrets jsonb, updated_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.name, c.channel, c.provider, c.origin,
    c.is_default and not exists (
      select from pgwhen.connections own
      where c.tenant <> pgwhen._tenant() and own.tenant = pgwhen._tenant() and own.channel = c.channel and own.is_default),
    c.status, c.reason, case when c.throttled_until > pgwhen._now() then c.throttled_until end, c.opened_until, c.failures,
    pgwhen._describe_rate(c.rate_limit, c.rate_seconds), c.concurrency,
    (select count(*) from pgwhen.held h where h.tenant = pgwhen._tenant() and h.connection = c.name),
    c.tenant <> pgwhen._tenant(),
    case when c.tenant = pgwhen._tenant() then c.settings end, case when c.tenant = pgwhen._tenant() then c.secrets end, c.updated_at
  from pgwhen.connections c
  where c.tenant = pgwhen._tenant()
    or c.tenant = 'default' and not exists (
      select from pgwhen.connections own where own.tenant = pgwhen._tenant() and own.name = c.name)
  order by c.name
$$;
comment on function pgwhen.list_connections() is 'Connections that the tenant''s messages leave by, and how many of its actions are held for each.
origin: defined, or environment (a poller''s). is_default: steps of the channel that name none leave by it. shared: it belongs to the tenant default, who alone
can change it and sees its settings and references of secrets. throttled_until is null unless it lies ahead; opened_until is set while the circuit breaker
is open or tries again; rate is a text such as 10 per second.';
