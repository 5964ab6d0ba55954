-- An execution rarely has more than one, so they end one by one.
create or replace function pgwhen._time_out_approvals(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._settle_approval(r.approval_id, 'timed_out', null)
  from unnest(p_steps) s
  join pgwhen.approval_requests r on r.execution_id = s.execution_id and r.step_id = s.step_id
  where r.outcome is null;
end
$$;
comment on function pgwhen._time_out_approvals(pgwhen.step_ref[]) is 'Ends approvals that nobody has decided in time.';
