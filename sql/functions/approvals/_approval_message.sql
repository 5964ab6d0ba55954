-- What the poller gets for a message of an approval: a step of the type email or sms, complete, and what its templates see as
-- approval. The default texts are templates as well, so that no value of anybody's is taken for one.
create or replace function pgwhen._approval_message(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object(
    'type', m.type,
    'definition', case m.type
      when 'sms' then jsonb_build_object('to', '{{ approval.phone }}', 'text', coalesce(t.compiled #> '{message,text}',
        to_jsonb(text '{{ approval.title }}: {{ approval.approve }}, or reject')))
      else jsonb_build_object('to', '{{ approval.email }}',
          'subject', case m.kind when 'reminder' then 'Reminder: ' when 'escalation' then 'Escalated: ' else '' end
            || coalesce(t.compiled #>> '{message,subject}', 'Approval: {{ approval.title }}'))
        || case when t.compiled -> 'message' ?| '{text,html}' then (t.compiled -> 'message') - 'subject'
          else jsonb_build_object('text', concat_ws(E'\n',
            '{{ approval.workflow }} waits for your decision: {{ approval.title }}', '',
            'To approve:  {{ approval.approve }}', 'To reject:   {{ approval.reject }}', '',
            '{% if approval.expires_at %}Until {{ approval.expires_at }}; {{ approval.then }}.{% endif %}')) end
      end || case when t.compiled ? 'via' then jsonb_build_object('connection', t.compiled -> 'via') else '{}' end,
    'context', jsonb_build_object('approval', jsonb_build_object(
      'id', r.approval_id, 'kind', m.kind, 'number', m.number, 'approver', a.approver, 'email', a.email, 'phone', a.phone,
      'token', a.token, 'workflow', w.name, 'title', coalesce(t.name, t.step_id),
      'requested_at', pgwhen._iso(r.requested_at), 'expires_at', pgwhen._iso(r.expires_at), 'then', pgwhen._approval_end(x.workflow_id, x.version, r.step_id),
      'approve', format('pgwhen approve %s --by %s', r.approval_id, pgwhen._shell_word(a.approver)),
      'reject', format('pgwhen reject %s --by %s --comment "..."', r.approval_id, pgwhen._shell_word(a.approver)))))
  from pgwhen.approval_requests r
  join pgwhen.approval_messages m on m.approval_id = r.approval_id and m.part = p_part
  join pgwhen.approvers a on a.approval_id = r.approval_id and a.approver = m.approver
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.workflows w on w.workflow_id = x.workflow_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
  where r.execution_id = p_execution_id and r.step_id = p_step_id and r.generation = p_generation
$$;
comment on function pgwhen._approval_message(uuid, text, integer, integer) is 'Type, definition and context of a message of an approval.';
