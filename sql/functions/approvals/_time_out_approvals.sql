-- An execution rarely has more than one, so they end one by one.
create or replace function pgwhen._time_out_approvals(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._settle_approval(r.approval_id, 'timed_out', null)
  from unnest(p_steps) s
  cross join lateral (
    select q.approval_id from pgwhen.approval_requests q
    where q.execution_id = s.execution_id and q.step_id = s.step_id and q.outcome is null
    offset 0) r;
end
$$;
comment on function pgwhen._time_out_approvals(pgwhen.step_ref[]) is 'Ends approvals that nobody has decided in time.';
