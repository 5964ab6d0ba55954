-- A tenant that is named has to be the caller's own. Members of pgwhen_owner (superusers among them) act for all.
create or replace function pgwhen._own_tenant(p_tenant text) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
begin
  if p_tenant is null or p_tenant = v_tenant then
    return v_tenant;
  end if;
  if not pg_has_role(session_user, 'pgwhen_owner', 'member') then
    raise exception using errcode = 'WF119', message = format('%s works for tenant %s, not for %s', session_user, v_tenant, p_tenant),
      hint = 'Leave the tenant out, or log in as a role of that tenant (table pgwhen.tenant_roles).';
  end if;
  if not exists (select from pgwhen.tenants t where t.tenant = p_tenant) then
    raise exception using errcode = 'WF119', message = format('there is no tenant %s', p_tenant),
      hint = format('Make it first: insert into pgwhen.tenants (tenant) values (%L);', p_tenant);
  end if;
  return p_tenant;
end
$$;
comment on function pgwhen._own_tenant(text) is 'The tenant named, checked, else the caller''s.';
