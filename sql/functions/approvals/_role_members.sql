-- Members of members count; the role itself too where it is a login.
create or replace function pgwhen._role_members(p_role text) returns setof text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive member (oid) as (
    select r.oid from pg_roles r where r.rolname = p_role
    union
    select a.member from member m join pg_auth_members a on a.roleid = m.oid
  )
  select r.rolname::text from member m join pg_roles r on r.oid = m.oid where r.rolcanlogin order by r.rolname
$$;
comment on function pgwhen._role_members(text) is 'The logins that are members of a role.';
