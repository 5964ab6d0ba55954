-- by, comment and form are those of the vote that decided.
create or replace function pgwhen._approval_output(p_approval_id uuid) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('decision', r.outcome, 'by', r.closed_by, 'comment', d.comment, 'form', d.form, 'votes', coalesce((
    select jsonb_agg(jsonb_build_object('by', a.approver, 'decision', a.decision, 'at', pgwhen._iso(a.decided_at), 'comment', a.comment,
      'form', a.form) order by a.decided_at, a.place, a.approver)
    from pgwhen.approvers a
    where a.approval_id = r.approval_id and a.decision is not null), '[]'))
  from pgwhen.approval_requests r
  left join pgwhen.approvers d on d.approval_id = r.approval_id and d.approver = r.closed_by
  where r.approval_id = p_approval_id
$$;
comment on function pgwhen._approval_output(uuid) is 'Output of an approval step: {decision, by, comment, form, votes}.';
