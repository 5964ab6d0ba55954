create or replace function pgwhen._tenant() returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce((select r.tenant from pgwhen.tenant_roles r where r.role_name = session_user), 'default')
$$;
comment on function pgwhen._tenant() is 'Tenant that this login works for.';
