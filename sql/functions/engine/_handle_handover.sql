-- One branch a purpose. The caller holds the executions' locks. A step that is no longer open has nothing to go on with: its
-- execution ended, or it was handled before.
create or replace function pgwhen._handle_handover(p_purpose text, p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_open pgwhen.step_ref[] := array(
    select r
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
    where (s.status = 'waiting' or s.status = 'sleeping' and p_purpose = 'record') and x.status in ('pending', 'running', 'waiting'));
begin
  if p_purpose = 'cancel' then
    perform pgwhen._cancel_children(array(select r.execution_id from unnest(p_steps) r));
    return;
  end if;
  if p_purpose = 'exit' then
    perform pgwhen._handle_exits(p_steps);
    return;
  end if;
  if p_purpose = 'record' then
    -- What is still open comes back with _recheck_steps. The purpose is the step's, as it were: compared with a constant, it would be
    -- looked for in all of the index.
    delete from pgwhen.waits w using (select s.*, p_purpose as purpose from unnest(p_steps) s offset 0) r
    where w.execution_id = r.execution_id and w.step_id = r.step_id and w.purpose = r.purpose;
  end if;
  if v_open = '{}' then
    return;
  end if;
  case p_purpose
    when 'approval' then
      perform pgwhen._request_approvals(v_open);
    when 'notification' then
      perform pgwhen._continue_notifications(v_open);
    when 'remind' then
      perform pgwhen._remind_approvals(v_open);
    when 'escalate' then
      perform pgwhen._escalate_approvals(v_open);
    when 'wait' then
      perform pgwhen._handle_waits(v_open);
    when 'record' then
      perform pgwhen._recheck_steps(v_open);
    when 'loop' then
      perform pgwhen._continue_loops(v_open);
    when 'start' then
      perform pgwhen._start_children(v_open);
    when 'child' then
      perform pgwhen._end_starts(v_open);
    when 'timeout' then
      perform pgwhen._time_out(v_open);
    else
      raise exception using errcode = 'WF140', message = format('the handover %s is not known to this engine', p_purpose),
        hint = 'Run pgwhen migrate with the version of pgwhen that left it.';
  end case;
end
$$;
comment on function pgwhen._handle_handover(text, pgwhen.step_ref[]) is 'Goes on with waiting steps for one purpose.';
