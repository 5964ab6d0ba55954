-- What it waits for, since when, until when, and what happens then.
create or replace function pgwhen._explain_approval(p_step pgwhen.execution_steps) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format('waits since %s for %s (%s of %s approved%s)%s%s',
    pgwhen._when(r.requested_at), array_to_string(t.waiting, ', '), t.approved, t.wanted,
    case when t.rejected > 0 then format(', %s rejected', t.rejected) else '' end,
    coalesce(format(' until %s, %s', pgwhen._when(r.expires_at), pgwhen._approval_end(x.workflow_id, x.version, r.step_id)), ', without an end'),
    format(': pgwhen approvals show %s', r.approval_id))
  from pgwhen.approval_requests r
  join pgwhen.executions x on x.execution_id = r.execution_id
  cross join lateral pgwhen._tally(r.approval_id) t
  where r.execution_id = p_step.execution_id and r.step_id = p_step.step_id and r.generation = p_step.generation and p_step.part = 0
$$;
comment on function pgwhen._explain_approval(pgwhen.execution_steps) is 'What an open approval waits for, in words; null where a step is none.';
