-- For a step that has a row and is still open, wherever it stands.
create or replace function pgwhen._fail_step(p_step pgwhen.step_ref, p_error jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.execution_steps s
  set status = 'failed', outcome = 'error', finished_at = pgwhen._now(), error = p_error
  where s.execution_id = p_step.execution_id and s.step_id = p_step.step_id and s.part = 0
    and s.status in ('sleeping', 'waiting', 'held', 'uncertain');
  if not found then
    return;
  end if;
  delete from pgwhen.sleepers s where s.execution_id = p_step.execution_id and s.step_id = p_step.step_id;
  delete from pgwhen.arrivals a where a.execution_id = p_step.execution_id and a.step_id = p_step.step_id;
  delete from pgwhen.waits w where w.execution_id = p_step.execution_id and w.step_id = p_step.step_id;
  delete from pgwhen.held h where h.execution_id = p_step.execution_id and h.step_id = p_step.step_id;
  perform pgwhen._drop_children(array[p_step]);
  perform pgwhen._close_approvals(array[p_step], 'failed');
  perform pgwhen._close_notifications(array[p_step]);
  perform pgwhen._record_failures(array[p_step]);
  perform pgwhen._advance(array[p_step]);
end
$$;
comment on function pgwhen._fail_step(pgwhen.step_ref, jsonb) is 'Fails an open step with an error {class, code, message}, and goes on from it.';
