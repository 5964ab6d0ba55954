-- The end of an approval by decision or by time, in the transaction that brought it about: the step has its output and the flow goes
-- on. A rejection that the workflow does not provide for ends the execution, completed; running out of time fails the step.
create or replace function pgwhen._settle_approval(p_approval_id uuid, p_outcome text, p_by text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_step pgwhen.step_ref;
  v_has_branch boolean;
begin
  select r.execution_id, r.step_id into v_step from pgwhen.approval_requests r where r.approval_id = p_approval_id;
  select exists (
    select from pgwhen.edges e
    where e.workflow_id = x.workflow_id and e.version = x.version and e.source = v_step.step_id and e.outcome = p_outcome)
  into v_has_branch
  from pgwhen.executions x where x.execution_id = v_step.execution_id;

  perform pgwhen._close_approvals(array[v_step], p_outcome, p_by);
  update pgwhen.execution_steps s set output = pgwhen._approval_output(p_approval_id)
  where s.execution_id = v_step.execution_id and s.step_id = v_step.step_id and s.part = 0;
  if p_outcome = 'timed_out' and not v_has_branch then
    perform pgwhen._fail_step(v_step, jsonb_build_object('class', 'permanent', 'code', 'timeout', 'message', 'nobody decided in time'));
    return;
  end if;
  update pgwhen.execution_steps s
  set status = 'completed', outcome = p_outcome, finished_at = v_now, reason = replace(p_outcome, '_', ' ')
  where s.execution_id = v_step.execution_id and s.step_id = v_step.step_id and s.part = 0;
  if p_outcome = 'rejected' and not v_has_branch then
    perform pgwhen._end_executions(array[v_step]);
  else
    perform pgwhen._advance(array[v_step]);
  end if;
end
$$;
comment on function pgwhen._settle_approval(uuid, text, text) is 'Ends an approval as approved, rejected or timed_out, and goes on from its step.';
