-- A definer function does not see who its caller acts as, only who logged in; whoever may become the owner may act as the owner.
create or replace function pgwhen._require_owner(p_table regclass) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_owner regrole;
begin
  select c.relowner into v_owner from pg_class c where c.oid = p_table;
  if not found then
    raise exception using errcode = 'WF110', message = 'there is no such table',
      hint = 'Name a table, with its schema unless that is on the search_path.';
  end if;
  if not pg_has_role(session_user, v_owner, 'member') then
    raise exception using errcode = 'WF312', message = format('only its owner may attach or detach %s', p_table),
      detail = format('It belongs to %s; this session is %I.', v_owner, session_user),
      hint = format('Log in as a member of %s.', v_owner);
  end if;
end
$$;
comment on function pgwhen._require_owner(regclass) is 'Raises WF312 unless this session may act as the owner of the table.';
