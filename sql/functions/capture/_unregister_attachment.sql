-- The part of detach that needs pgwhen's tables; see _register_attachment. The row stays: history and workflows name it.
create or replace function pgwhen._unregister_attachment(p_table regclass) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_attachment_id integer;
  v_tenant text;
  v_statements text[];
  v_workflows text[];
  v_waiting text[];
begin
  perform pg_advisory_xact_lock(hashtextextended('pgwhen.attach:' || p_table::oid, 0));
  perform pgwhen._require_owner(p_table);
  select a.attachment_id, a.tenant
  into v_attachment_id, v_tenant
  from pgwhen.attachments a
  where a.attachment_id = pgwhen._own_attachment(p_table) and a.detached_at is null;
  if not found then
    raise exception using errcode = 'WF311', message = format('%s is not attached', p_table),
      hint = 'Attached tables: select schema_name, table_name from pgwhen.attachments where detached_at is null.';
  end if;
  perform pgwhen._own_tenant(v_tenant);

  v_statements := array(
    select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass)
    from pg_trigger t
    where t.tgfoid in ('pgwhen.capture_insert()'::regprocedure, 'pgwhen.capture_update()'::regprocedure,
        'pgwhen.capture_delete()'::regprocedure, 'pgwhen.capture_truncate()'::regprocedure)
      and pgwhen._trigger_attachment(t.tgargs) = v_attachment_id::text
    order by t.tgrelid <> p_table, t.tgrelid, t.tgname);
  v_workflows := array(
    select distinct w.workflow
    from pgwhen.workflows w
    join pgwhen.triggers t on t.workflow_id = w.workflow_id and t.version = w.active_version
    where t.attachment_id = v_attachment_id and w.status in ('active', 'paused')
    order by w.workflow);
  v_waiting := array(
    select distinct f.workflow
    from pgwhen.watches w
    join pgwhen.workflows f on f.workflow_id = w.workflow_id
    where w.attachment_id = v_attachment_id
    order by f.workflow);
  update pgwhen.attachments a set detached_at = pgwhen._now(), operations = '{}' where a.attachment_id = v_attachment_id;

  return jsonb_build_object('attachment', v_attachment_id, 'table', p_table, 'workflows', v_workflows, 'statements', v_statements,
    'notices', array(
      select format('%s will not start by %s any more: %s',
        case when cardinality(v_workflows) = 1 then 'this workflow' else 'these workflows' end, p_table, array_to_string(v_workflows, ', '))
      where v_workflows <> '{}'
      union all
      select format('executions of %s that wait for a change of %s will not see it', array_to_string(v_waiting, ', '), p_table)
      where v_waiting <> '{}'
      union all
      select format('pgwhen_actions may still read %1$s; to end that: revoke select on %1$s from pgwhen_actions', p_table)
      where has_table_privilege('pgwhen_actions', p_table, 'select')));
end
$$;
comment on function pgwhen._unregister_attachment(regclass) is 'Ends an attachment; returns it with the statements that the table''s owner has to run, and notices.';
