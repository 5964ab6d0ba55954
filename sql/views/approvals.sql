-- What waits for people. A security barrier, because the rows of other tenants must not leak through a function in somebody's where
-- clause.
create or replace view pgwhen.approvals with (security_barrier) as
select r.approval_id, w.workflow, r.step_id, coalesce(t.name, r.step_id) as title, r.requested_at, r.expires_at,
  y.approved, y.rejected, y.wanted, y.waiting, r.reminder_count, r.requester, x.attachment_id, x.record_key, r.execution_id
from pgwhen.approval_requests r
join pgwhen.executions x on x.execution_id = r.execution_id
join pgwhen.workflows w on w.workflow_id = x.workflow_id
join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
cross join lateral (
  select count(*) filter (where a.decision = 'approved') as approved, count(*) filter (where a.decision = 'rejected') as rejected,
    case r.need when 'all' then count(*) when 'majority' then count(*) / 2 + 1 else least(r.need::bigint, count(*)) end as wanted,
    coalesce(array_agg(a.approver order by a.place, a.approver)
      filter (where a.decision is null and a.asked_at is not null), '{}') as waiting
  from pgwhen.approvers a
  where a.approval_id = r.approval_id and a.withdrawn_at is null
) y
where r.closed_at is null and r.tenant = (select pgwhen.current_tenant());
comment on view pgwhen.approvals is 'Approvals that are open: since when, until when, who is asked, how many have approved of how many.';
comment on column pgwhen.approvals.approval_id is 'The approval; pgwhen approve and reject take it.';
comment on column pgwhen.approvals.workflow is 'Its workflow.';
comment on column pgwhen.approvals.step_id is 'The approval step.';
comment on column pgwhen.approvals.title is 'Name of the step.';
comment on column pgwhen.approvals.requested_at is 'Since when it waits.';
comment on column pgwhen.approvals.expires_at is 'Until when it may be decided; null without an end.';
comment on column pgwhen.approvals.approved is 'How many have approved.';
comment on column pgwhen.approvals.rejected is 'How many have rejected.';
comment on column pgwhen.approvals.wanted is 'How many have to approve.';
comment on column pgwhen.approvals.waiting is 'Who was asked and has not voted.';
comment on column pgwhen.approvals.reminder_count is 'How often they were reminded.';
comment on column pgwhen.approvals.requester is 'Who caused the event and may not decide.';
comment on column pgwhen.approvals.attachment_id is 'Table of the record.';
comment on column pgwhen.approvals.record_key is 'Primary key of the record.';
comment on column pgwhen.approvals.execution_id is 'The execution that waits.';
