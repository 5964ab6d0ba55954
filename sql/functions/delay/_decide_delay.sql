-- past is asked when the delay begins; a date that moves to the past while it sleeps ends it.
create or replace function pgwhen._decide_delay(p_compiled jsonb, p_context jsonb, p_now timestamptz,
  out status text, out outcome text, out reason text, out error jsonb, out due_at timestamptz)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_past constant text := coalesce(p_compiled ->> 'past', 'run');
  v_due timestamptz := case when v_past = 'run' then pgwhen._delay_end(p_compiled, p_context, p_now, p_now)
    else pgwhen._delay_due(p_compiled, p_context, p_now) end;
  v_text constant text := format('its time was past: %s', pgwhen._iso(v_due) #>> '{}');
begin
  if v_due > p_now then
    status := 'sleeping';
    due_at := v_due;
  elsif v_past = 'skip' and v_due < p_now then
    status := 'skipped';
    outcome := coalesce(p_compiled ->> 'skipped', 'success');
    reason := v_text;
  elsif v_past = 'fail' and v_due < p_now then
    status := 'failed';
    outcome := 'error';
    error := jsonb_build_object('class', 'permanent', 'code', 'past', 'message', v_text);
  else
    status := 'completed';
    outcome := 'success';
    reason := 'was already due';
  end if;
end
$$;
comment on function pgwhen._decide_delay(jsonb, jsonb, timestamptz) is 'What a delay comes to when it starts: it sleeps until its time, or that is past.';
