-- The meaning of each step type at its start; a new type is a new branch here. A step whose start reaches beyond its own
-- execution waits, and names the handover by which the tick goes on with it.
create or replace function pgwhen._decide_start(p_step pgwhen.steps, p_context jsonb, p_now timestamptz,
  out status text, out outcome text, out reason text, out output jsonb, out error jsonb, out due_at timestamptz, out handover text,
  out version integer)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_holds boolean;
begin
  if p_step.compiled ? 'leave' then
    reason := pgwhen._leave_reason(p_step.compiled -> 'leave', p_context);
    if reason is not null then
      status := 'cancelled';
      return;
    end if;
  end if;
  if p_step.condition is not null then
    v_holds := pgwhen._holds(p_step.condition, p_context) is true;
  end if;
  if p_step.type = 'condition' then
    status := 'completed';
    outcome := case when v_holds then 'true' else 'false' end;
    output := to_jsonb(v_holds);
  elsif not v_holds then
    status := 'skipped';
    outcome := coalesce(p_step.compiled ->> 'skipped', 'success');
    reason := 'if does not hold';
  elsif p_step.performed_by <> 'engine' then
    status := 'queued';
    version := pgwhen._message_version(p_step.performed_by, p_step.type, p_step.definition);
  elsif p_step.type = 'delay' then
    select d.status, d.outcome, d.reason, d.error, d.due_at into status, outcome, reason, error, due_at
    from pgwhen._decide_delay(p_step.compiled, p_context, p_now) d;
  elsif p_step.type = 'wait' then
    status := 'waiting';
    handover := 'wait';
  elsif p_step.type in ('approval', 'notification') then
    status := 'waiting';
    handover := p_step.type;
  elsif p_step.type in ('loop', 'start') then
    status := 'waiting';
    handover := p_step.type;
  elsif p_step.type in ('parallel', 'join') then
    status := 'completed';
    outcome := 'success';
  elsif p_step.type = 'switch' then
    status := 'completed';
    select w.outcome, w.output, w.reason into outcome, output, reason from pgwhen._decide_switch(p_step.compiled, p_context) w;
  elsif p_step.type = 'split' then
    status := 'completed';
    select w.outcome, w.output, w.reason into outcome, output, reason from pgwhen._decide_split(p_step, p_context) w;
  elsif p_step.type = 'transform' then
    status := 'completed';
    outcome := 'success';
    output := pgwhen._value(p_step.compiled -> 'set', p_context);
  elsif p_step.type = 'stop' then
    status := 'completed';
    reason := pgwhen._value(p_step.compiled -> 'reason', p_context) #>> '{}';
  else
    raise exception using errcode = 'WF140', message = format('step %s has the type %s, which this engine does not know', p_step.step_id, p_step.type),
      hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
  end if;
end
$$;
comment on function pgwhen._decide_start(pgwhen.steps, jsonb, timestamptz) is 'What a step comes to when it starts: its state, outcome and, if it sleeps, until when; the handover if it waits for the tick; the version of its message if it is queued.';
