-- A value gives an e-mail address or a list of them; a role stands for the logins that are its members; a user whose name is an
-- address can be written to. An approver that comes to nobody is an error: a request that reaches nobody would wait for ever and
-- look as if it did not.
create or replace function pgwhen._approvers_of(p_item jsonb, p_place integer, p_context jsonb)
returns table (approver text, email text, phone text, user_name text, role_name text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_emails text[] := pgwhen._approver_values(p_item -> 'email', p_context);
  v_user text := nullif(trim(pgwhen._value(p_item -> 'user', p_context) #>> '{}'), '');
  v_role text := pgwhen._value(p_item -> 'role', p_context) #>> '{}';
  v_phone text := nullif(trim(pgwhen._value(p_item -> 'phone', p_context) #>> '{}'), '');
  v_email text;
begin
  foreach v_email in array coalesce(v_emails, '{}'::text[]) loop
    if v_email !~ '^[^@[:space:]<>]+@[^@[:space:]<>]+$' then
      raise exception using errcode = 'WF290', message = format('%s is not an e-mail address', quote_literal(left(v_email, 100))),
        hint = 'A value gives an e-mail address or a list of them; a database login is written {user: NAME}.';
    end if;
  end loop;
  return query
    select lower(e.email), lower(e.email), v_phone, v_user, null::text from unnest(v_emails) e (email)
    union all
    select m.member, null, null, m.member, v_role from pgwhen._role_members(v_role) m (member)
    union all
    select coalesce(lower(u.email), v_user, v_phone), lower(u.email), v_phone, v_user, null
    from (select case when v_user like '%_@_%' then v_user end) u (email)
    where not p_item ?| '{email,role}' and coalesce(v_user, v_phone) is not null;
  if not found then
    raise exception using errcode = 'WF290',
      message = format('approver %s is nobody: %s', p_place, case when p_item ? 'role'
        then format('the role %s has no members that can log in', coalesce(quote_ident(v_role), 'null')) else 'the value is missing' end),
      hint = 'Give a default, {{ path | default(...) }}, or an if that skips the step; then retry the execution.';
  end if;
end
$$;
comment on function pgwhen._approvers_of(jsonb, integer, jsonb) is 'The people whom one compiled approver means.';
