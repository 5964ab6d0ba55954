create or replace function pgwhen.show_approval(p_approval uuid) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_approval jsonb;
begin
  select pgwhen._approval_state(r.approval_id) || jsonb_build_object(
      'execution_id', r.execution_id, 'workflow', w.workflow, 'step_id', r.step_id, 'name', t.name, 'requested_at', r.requested_at,
      'expires_at', r.expires_at, 'then', case when r.expires_at is not null then pgwhen._approval_end(x.workflow_id, x.version, r.step_id) end,
      'closed_at', r.closed_at, 'closed_by', r.closed_by, 'requester', r.requester, 'in_sequence', r.in_sequence, 'need', r.need,
      'record', case when x.record_key is not null then
        jsonb_build_object('table', a.schema_name || '.' || a.table_name, 'key', x.record_key) end,
      'form', t.compiled -> 'form', 'approvers', p.approvers, 'messages', m.messages)
  into v_approval
  from pgwhen.approval_requests r
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.workflows w on w.workflow_id = x.workflow_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
  left join pgwhen.attachments a on a.attachment_id = x.attachment_id
  cross join lateral (
    select jsonb_agg(jsonb_build_object('approver', v.approver, 'role', v.role_name, 'asked_at', v.asked_at, 'decision', v.decision,
      'decided_at', v.decided_at, 'decided_by', v.decided_by, 'comment', v.comment, 'form', v.form, 'withdrawn', v.withdrawn_because)
      order by v.place, v.approver) as approvers
    from pgwhen.approvers v where v.approval_id = r.approval_id) p
  cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('part', n.part, 'kind', n.kind, 'type', n.type, 'to', n.approver, 'status', s.status,
      'at', s.queued_at, 'error', s.error) order by n.part), '[]') as messages
    from pgwhen.approval_messages n
    left join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = n.part
      and s.generation = r.generation
    where n.approval_id = r.approval_id) m
  where r.approval_id = p_approval and r.tenant = pgwhen._tenant();
  if v_approval is null then
    raise exception using errcode = 'WF280', message = format('approval %s does not exist', coalesce(p_approval::text, 'null')),
      hint = 'pgwhen approvals lists what is open.';
  end if;
  return v_approval;
end
$$;
comment on function pgwhen.show_approval(uuid) is 'An approval as one document: its state, who was asked and what they said, and the messages to them.';
