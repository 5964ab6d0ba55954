-- The roles of pgwhen. They belong to the whole cluster, hence two migrations in two databases may meet here: what is
-- missing is made, what another session made meanwhile is accepted. Nothing is asked of a role that exists, so that
-- this runs without CREATEROLE where a DBA made them.
--
-- pgwhen_owner is a member of pgwhen_actions to make and replace what that role owns. NOINHERIT: for anything else it is
-- a stranger to what was granted to pgwhen_actions.
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'pgwhen_owner', 'pgwhen_poller', 'pgwhen_app', 'pgwhen_operator', 'pgwhen_author', 'pgwhen_viewer', 'pgwhen_actions'
  ]
  loop
    if to_regrole(v_role) is null then
      begin
        execute format(
          'create role %I nologin %s', v_role, case when v_role = 'pgwhen_owner' then 'noinherit' else '' end
        );
      exception
        when duplicate_object or unique_violation then
          null;
      end;
    end if;
  end loop;
end
$$;

do $$
declare
  v_granted text;
  v_member text;
begin
  for v_granted, v_member in
    select 'pgwhen_actions', 'pgwhen_owner'
    where not exists (
      select from pg_auth_members
      where roleid = 'pgwhen_actions'::regrole and member = 'pgwhen_owner'::regrole
    )
    union all
    -- A superuser may become anybody; another role migrates as a member of both. (A superuser is told to be a member
    -- of everything, hence the first question has to look into the catalog.) Since 16 whoever makes a role is a member
    -- who may grant it, to himself too, and not yet take it.
    select r.name, session_user
    from (values ('pgwhen_owner'), ('pgwhen_actions')) r (name)
    where not pg_has_role(
      session_user, r.name, case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end
    )
  loop
    begin
      execute format('grant %I to %I', v_granted, v_member);
    exception
      when unique_violation or internal_error then
        -- The migration of another database granted it at this moment ("tuple concurrently updated").
        null;
    end;
  end loop;
end
$$;
