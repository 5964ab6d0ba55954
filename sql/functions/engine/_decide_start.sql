-- The meaning of each step type at its start; a new type is a new branch here.
create or replace function pgwhen._decide_start(p_step pgwhen.steps, p_context jsonb, p_now timestamptz,
  out status text, out outcome text, out reason text, out output jsonb, out due_at timestamptz)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_holds boolean;
begin
  if p_step.condition is not null then
    v_holds := pgwhen._holds(p_step.condition, p_context) is true;
  end if;
  if p_step.type = 'condition' then
    status := 'completed';
    outcome := case when v_holds then 'true' else 'false' end;
    output := to_jsonb(v_holds);
  elsif not v_holds then
    status := 'skipped';
    outcome := 'success';
    reason := 'if does not hold';
  elsif p_step.performed_by = 'poller' then
    status := 'queued';
  elsif p_step.type = 'delay' then
    due_at := pgwhen._delay_due(p_step.compiled, p_context, p_now);
    status := case when due_at > p_now then 'sleeping' else 'completed' end;
    outcome := case when status = 'completed' then 'success' end;
    reason := case when status = 'completed' then 'was already due' end;
    due_at := case when status = 'sleeping' then due_at end;
  elsif p_step.type = 'stop' then
    status := 'completed';
    reason := pgwhen._value(p_step.compiled -> 'reason', p_context) #>> '{}';
  else
    raise exception using errcode = 'WF140', message = format('step %s has the type %s, which this engine does not know', p_step.step_id, p_step.type),
      hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
  end if;
end
$$;
comment on function pgwhen._decide_start(pgwhen.steps, jsonb, timestamptz) is 'What a step comes to when it starts: its state, outcome and, if it sleeps, until when.';
