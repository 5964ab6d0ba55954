-- As with events: the step that raises (a date that is none, a table that may not be read) fails, the others go on.
create or replace function pgwhen._start_guarded(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_half integer := cardinality(p_steps) / 2;
  v_state text;
  v_message text;
  v_now timestamptz;
begin
  begin
    return pgwhen._start_steps(p_steps);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if pgwhen._is_transient(v_state) then
      raise;
    end if;
  end;
  if v_half > 0 then
    return pgwhen._start_guarded(p_steps[1:v_half]) || pgwhen._start_guarded(p_steps[v_half + 1:]);
  end if;
  v_now := pgwhen._now();
  insert into pgwhen.execution_steps (execution_id, queued_at, finished_at, generation, step_id, status, outcome, error)
  select x.execution_id, v_now, v_now, x.generation, (p_steps[1]).step_id, 'failed', 'error',
    jsonb_build_object('class', 'permanent', 'code', v_state, 'message', v_message)
  from pgwhen.executions x
  where x.execution_id = (p_steps[1]).execution_id;
  perform pgwhen._record_failures(p_steps);
  return p_steps;
end
$$;
comment on function pgwhen._start_guarded(pgwhen.step_ref[]) is 'Starts steps; a step whose start raises fails with that error. Returns the steps that settled.';
