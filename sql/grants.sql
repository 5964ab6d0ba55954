-- Who may do what: the only GRANT and REVOKE of pgwhen, applied last, every time. It states what is wanted, and makes
-- of it only the difference to what is: nothing is revoked and granted again, and what a DBA granted to other roles
-- stays.
--
-- A function that is not named below can be called by its owner only. Names, not signatures: a function that gets
-- another parameter keeps its grants, and a name without a function is passed over; a catalog test says which public
-- functions are missing here.
do $$
declare
  c_roles constant text[] := array[
    'pgwhen_poller', 'pgwhen_app', 'pgwhen_operator', 'pgwhen_author', 'pgwhen_viewer', 'pgwhen_actions'
  ];
  -- Whoever looks. Roles are not members of each other: what a role may do stands here and nowhere else.
  c_people constant text[] := array['pgwhen_viewer', 'pgwhen_operator', 'pgwhen_author'];
  v_change record;
begin
  for v_change in
    with named (roles, names) as (
      values
        -- The poller: these six and nothing else.
        (array['pgwhen_poller'], array[
          'tick', 'tick_and_claim', 'freeze_actions', 'report_actions', 'run_database_step', 'extend_leases'
        ]),
        (array['pgwhen_app', 'pgwhen_operator'], array['emit_event', 'start_execution', 'suppress', 'receive_resend', 'receive_sendgrid', 'receive_mailgun', 'receive_twilio', 'receive_telnyx', 'receive_messagebird', 'unsubscribe', 'preview_unsubscribe', 'set_recipient', 'remove_recipient']),
        (c_people, array[
          'contract', 'current_tenant', 'get_document', 'list_actions', 'list_documents', 'doctor', 'explain_event', 'explain_record', 'find_execution', 'find_executions', 'count_executions', 'find_events', 'count_events', 'plan_replay', 'list_channels',
          'list_connections', 'list_deliveries', 'list_callback_keys', 'show_connection', 'list_endpoints', 'show_endpoint', 'get_progress', 'list_functions', 'list_logs', 'list_recipients', 'list_suppressions', 'list_kill_switches', 'count_held',
          'list_executions', 'show_execution', 'export_definition', 'export_message_template', 'list_message_templates', 'json_schema', 'list_workflows', 'list_versions', 'diff_versions'
        ]),
        (array['pgwhen_author', 'pgwhen_operator'], array['dry_run', 'rollback_workflow']),
        -- Whoever looks may vote as the login that they are; only operators vote for others (_voter).
        (c_people, array['find_approval', 'show_approval', 'decide_approval', 'delegate_approval']),
        (array['pgwhen_operator'], array[
          'tick', 'maintain', 'plan_archive', 'archive_rows', 'retry_executions', 'retry_failed', 'skip_step', 'replay_events', 'backfill_workflow', 'cancel_executions',
          'pause_workflow', 'resume_workflow', 'archive_workflow', 'delete_workflow', 'migrate_executions', 'pause_connection', 'resume_connection', 'add_connection', 'set_connection', 'set_default_connection', 'remove_connection',
          'add_endpoint', 'move_endpoint', 'rotate_endpoint', 'disable_endpoint', 'enable_endpoint', 'remove_endpoint', 'recover_endpoint',
          'set_callback_key', 'remove_callback_key', 'rotate_signing_key', 'throw_kill_switch', 'release_kill_switch', 'release_held', 'discard_held', 'forget_record', 'set_progress', 'lift_suppression', 'import_suppressions'
        ]),
        -- What a statement of a workflow asks about the rows that it looks at.
        (array['pgwhen_actions'], array['row_holds']),
        -- attach and detach run with the rights of the table's owner, who has to be a member of pgwhen_author, and so
        -- do the helpers that they call; making a trigger asks for EXECUTE on its function.
        (array['pgwhen_author'], array[
          'attach', 'detach', '_register_attachment', '_unregister_attachment',
          'normalise_definition', 'validate_definition', 'apply_definition', 'publish_workflow', 'render_template', 'preview_message_template', 'apply_message_template', 'remove_message_template', 'register_function', 'unregister_function'
        ])
    ),
    wanted (kind, object, role, privilege) as (
      select 'schema', 'pgwhen', role, 'USAGE' from unnest(c_roles) role
      union
      select 'routine', p.oid::regprocedure::text, role, 'EXECUTE'
      from named n
      cross join unnest(n.names) name
      cross join unnest(n.roles) role
      join pg_proc p on p.proname = name and p.pronamespace = 'pgwhen'::regnamespace
      union
      select 'routine', p.oid::regprocedure::text, 'pgwhen_author', 'EXECUTE'
      from pg_proc p
      where p.pronamespace = 'pgwhen'::regnamespace and p.prorettype = 'trigger'::regtype
      union
      -- Views read with the rights of pgwhen_owner, and show what the tenant of the session may see.
      select 'table', c.oid::regclass::text, role, 'SELECT'
      from pg_class c
      cross join unnest(c_people) role
      where c.relnamespace = 'pgwhen'::regnamespace and c.relkind = 'v' and c.relname !~ '^_'
      union
      -- The triggers look at them with the rights of whoever writes (_make_unsubscribed_sequences).
      select 'sequence', s.sequence::text, 'public', 'SELECT'
      from pgwhen.attachments a
      cross join unnest(array['insert', 'update', 'delete', 'truncate']) o
      cross join pgwhen._unsubscribed_sequence(a.attachment_id, o) as s (sequence)
      where s.sequence is not null
    ),
    acls (kind, object, owner, acl) as (
      select 'schema', nspname::text, nspowner, coalesce(nspacl, acldefault('n', nspowner))
      from pg_namespace
      where nspname = 'pgwhen'
      union all
      select 'routine', oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner))
      from pg_proc
      where pronamespace = 'pgwhen'::regnamespace
      union all
      select case relkind when 'S' then 'sequence' else 'table' end, oid::regclass::text, relowner, relacl
      from pg_class
      where relnamespace = 'pgwhen'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S') and relacl is not null
    ),
    actual (kind, object, role, privilege) as (
      select a.kind, a.object, case e.grantee when 0 then 'public' else pg_get_userbyid(e.grantee)::text end,
        e.privilege_type
      from acls a
      cross join aclexplode(a.acl) e
      where e.grantee = 0 or (e.grantee <> a.owner and pg_get_userbyid(e.grantee) = any (c_roles))
    ),
    changes as (
      (select 'revoke' as verb, a.* from actual a except select 'revoke', w.* from wanted w)
      union all
      (select 'grant', w.* from wanted w except select 'grant', a.* from actual a)
    )
    select * from changes order by verb desc, kind, object, role
  loop
    -- Dynamic: names of objects and roles.
    execute format(
      '%s %s on %s %s %s %s',
      v_change.verb, v_change.privilege, v_change.kind, v_change.object,
      case v_change.verb when 'grant' then 'to' else 'from' end, v_change.role
    );
  end loop;
end
$$;

-- The sandbox belongs to pgwhen_actions; only pgwhen_owner calls what is in it.
set local role pgwhen_actions;
revoke all on all functions in schema pgwhen_sandbox from public;
grant usage on schema pgwhen_sandbox to pgwhen_owner;
grant execute on all functions in schema pgwhen_sandbox to pgwhen_owner;
set local role pgwhen_owner;
