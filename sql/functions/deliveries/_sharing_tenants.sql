create or replace function pgwhen._sharing_tenants(p_tenant text, p_connection text) returns setof text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select t.tenant
  from pgwhen.tenants t
  where t.tenant = p_tenant
    or p_tenant = 'default' and not exists (select from pgwhen.connections c where c.tenant = t.tenant and c.name = p_connection)
$$;
comment on function pgwhen._sharing_tenants(text, text) is 'Tenants whose messages leave by a connection of p_tenant: itself, and for the tenant default all that have no own of that name.';
