-- A role that is missing breaks the next migrate; one with more rights than it needs breaks a promise. A poller as superuser works,
-- and is not what the poller's role is for.
create or replace function pgwhen._doctor_roles() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with expected (name) as (
    values ('pgwhen_owner'), ('pgwhen_poller'), ('pgwhen_app'), ('pgwhen_operator'), ('pgwhen_author'), ('pgwhen_viewer'), ('pgwhen_actions')
  ), found as (
    select e.name, r.oid, r.rolsuper, r.rolbypassrls, r.rolcanlogin
    from expected e
    left join pg_roles r on r.rolname = e.name
  ), problem (status, detail, hint) as (
    select 'error', format('role %s does not exist', f.name), 'Run pgwhen migrate as a superuser, or: create role ' || f.name
    from found f where f.oid is null
    union all
    select 'error', format('role %s is a superuser or bypasses row security', f.name), format('alter role %s nosuperuser nobypassrls', f.name)
    from found f where f.rolsuper or f.rolbypassrls
    union all
    select 'error', 'pgwhen_owner is not a member of pgwhen_actions', 'grant pgwhen_actions to pgwhen_owner'
    from found o, found a
    where o.name = 'pgwhen_owner' and a.name = 'pgwhen_actions'
      and not exists (select from pg_auth_members m where m.roleid = a.oid and m.member = o.oid)
    union all
    select 'warning', format('role %s may log in', f.name),
      format('Give people and programs logins of their own that are members of it: alter role %s nologin', f.name)
    from found f where f.name in ('pgwhen_owner', 'pgwhen_actions') and f.rolcanlogin
    union all
    select 'warning', format('the login %s has the tenant %s, but does not exist', t.role_name, t.tenant), 'Delete its row in pgwhen.tenant_roles.'
    from pgwhen.tenant_roles t
    where t.tenant = pgwhen._tenant() and to_regrole(quote_ident(t.role_name)) is null
  )
  select 'roles', p.status, p.detail, p.hint from problem p
  union all
  select 'roles', 'ok', 'all seven are there, none has more rights than it needs', null
  where not exists (select from problem p where p.status = 'error')
$$;
comment on function pgwhen._doctor_roles() is 'doctor: roles and memberships.';
