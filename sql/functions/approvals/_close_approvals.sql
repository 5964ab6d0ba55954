-- What an approval has left in motion ends with it: times, and messages that have not left. One that is being sent ends by itself.
create or replace function pgwhen._close_approvals(p_steps pgwhen.step_ref[], p_outcome text, p_by text default null) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._now();
  v_closed pgwhen.step_ref[];
begin
  with closed as (
    update pgwhen.approval_requests r
    set closed_at = v_now, outcome = p_outcome, closed_by = p_by
    from unnest(p_steps) s
    where r.execution_id = s.execution_id and r.step_id = s.step_id and r.outcome is null
    returning r.execution_id, r.step_id
  )
  select array_agg((c.execution_id, c.step_id)::pgwhen.step_ref) into v_closed from closed c;
  if v_closed is null then
    return;
  end if;
  update pgwhen.execution_steps e
  set status = 'cancelled', finished_at = v_now, reason = 'the approval was closed: ' || replace(p_outcome, '_', ' ')
  from unnest(v_closed) s
  where e.execution_id = s.execution_id and e.step_id = s.step_id and e.part > 0
    and e.status in ('ready', 'held', 'queued', 'claimed', 'sleeping', 'waiting', 'uncertain');
  delete from pgwhen.sleepers z using unnest(v_closed) s where z.execution_id = s.execution_id and z.step_id = s.step_id;
  delete from pgwhen.ready r using unnest(v_closed) s where r.execution_id = s.execution_id and r.step_id = s.step_id;
  delete from pgwhen.held h using unnest(v_closed) s where h.execution_id = s.execution_id and h.step_id = s.step_id;
end
$$;
comment on function pgwhen._close_approvals(pgwhen.step_ref[], text, text) is 'Closes approvals and cancels their messages that have not left; other steps are passed over.';
