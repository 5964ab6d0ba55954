create or replace function pgwhen.list_endpoints()
returns table (name text, url text, status text, reason text, disabled_at timestamptz, failing_since timestamptz, held bigint, updated_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select e.name, e.url, e.status, e.reason, e.disabled_at, e.failing_since,
    (select count(*) from pgwhen.held h where h.tenant = e.tenant and h.connection = pgwhen._endpoint_connection(e.name)), e.updated_at
  from pgwhen.endpoints e
  where e.tenant = pgwhen._tenant()
  order by e.name
$$;
comment on function pgwhen.list_endpoints() is 'The tenant''s receivers of webhooks, and how many webhooks are held for each.';
