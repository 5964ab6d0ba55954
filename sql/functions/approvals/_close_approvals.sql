-- What an approval has left in motion ends with it: times, and messages that have not left.
create or replace function pgwhen._close_approvals(p_steps pgwhen.step_ref[], p_outcome text, p_by text default null) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_closed pgwhen.step_ref[];
begin
  with closed as (
    update pgwhen.approval_requests r
    set closed_at = pgwhen._now(), outcome = p_outcome, closed_by = p_by
    from unnest(p_steps) s
    where r.execution_id = any (array(select e.execution_id from unnest(p_steps) e))
      and r.execution_id = s.execution_id and r.step_id = s.step_id and r.outcome is null
    returning r.execution_id, r.step_id
  )
  select array_agg((c.execution_id, c.step_id)::pgwhen.step_ref) into v_closed from closed c;
  if v_closed is null then
    return;
  end if;
  perform pgwhen._cancel_messages(v_closed, 'the approval was closed: ' || replace(p_outcome, '_', ' '));
end
$$;
comment on function pgwhen._close_approvals(pgwhen.step_ref[], text, text) is 'Closes approvals and cancels their messages that have not left; other steps are passed over.';
