-- What a backfill of a workflow would go through: the table whose rows start it, and how. Rows that were deleted, and events without
-- a row, cannot be found again.
create or replace function pgwhen._backfill_target(p_workflow text, p_table text,
  out workflow_id integer, out attachment_id integer, out relation regclass, out triggers pgwhen.triggers[], out compiled jsonb, out version integer)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_status text;
  v_tables text[];
  v_attachments integer[];
  v_attachment pgwhen.attachments;
begin
  perform pgwhen._require_workflow(coalesce(p_workflow, ''));
  select w.workflow_id, w.status, w.active_version, v.compiled into workflow_id, v_status, version, compiled
  from pgwhen.workflows w
  left join pgwhen.versions v on v.workflow_id = w.workflow_id and v.version = w.active_version
  where w.tenant = v_tenant and w.workflow = p_workflow;
  if v_status <> 'active' then
    raise exception using errcode = 'WF310', message = format('workflow %s is %s', p_workflow, case v_status when 'draft' then 'not published' else v_status end),
      hint = case v_status when 'draft' then 'Publish it first.' when 'paused' then 'Resume it first.' else 'An archived workflow does not come back: apply it under another name.' end;
  end if;
  select array_agg(distinct a.table_name), array_agg(distinct a.attachment_id) into v_tables, v_attachments
  from pgwhen.triggers t
  join pgwhen.attachments a on a.attachment_id = t.attachment_id and a.detached_at is null
  where t.workflow_id = _backfill_target.workflow_id and t.version = _backfill_target.version and t.enabled
    and t.operations && '{insert,update}'
    and (p_table is null or p_table in (a.table_name, a.schema_name || '.' || a.table_name));
  if v_attachments is null then
    raise exception using errcode = 'WF305', message = case
        when p_table is null then format('workflow %s is not started by rows that are there', p_workflow)
        else format('workflow %s is not started by rows of %s', p_workflow, p_table) end,
      hint = 'A backfill needs a trigger on a table with row: created, updated or saved, or becomes.';
  elsif cardinality(v_attachments) > 1 then
    raise exception using errcode = 'WF306', message = format('workflow %s is started by several tables', p_workflow),
      hint = format('Say which one: %s.', array_to_string(v_tables, ', '));
  end if;
  select a.* into v_attachment from pgwhen.attachments a where a.attachment_id = v_attachments[1];
  if v_attachment.key_columns = '{}' then
    raise exception using errcode = 'WF307', message = format('%s had no primary key when it was attached', v_attachment.table_name),
      hint = 'Give it a primary key and attach it again: a backfill knows records by their key.';
  end if;
  attachment_id := v_attachment.attachment_id;
  relation := pgwhen._attachment_relation(attachment_id);
  if relation is null then
    raise exception using errcode = 'WF133', message = format('the table %s is gone', v_attachment.table_name),
      hint = 'Change the workflow and publish it again.';
  end if;
  triggers := array(
    select t from pgwhen.triggers t
    where t.workflow_id = _backfill_target.workflow_id and t.version = _backfill_target.version and t.enabled
      and t.attachment_id = v_attachments[1] and t.operations && '{insert,update}'
    order by t.trigger_no);
end
$$;
comment on function pgwhen._backfill_target(text, text) is 'The workflow, table and triggers of a backfill; refuses a workflow that has none.';
