-- As _start_guarded: the delay whose value can no longer be read fails, the others end.
create or replace function pgwhen._wake_guarded(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_half integer := cardinality(p_steps) / 2;
  v_state text;
  v_message text;
begin
  begin
    perform pgwhen._wake_delays(p_steps);
    return;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if pgwhen._is_transient(v_state) then
      raise;
    end if;
  end;
  if v_half > 0 then
    perform pgwhen._wake_guarded(p_steps[1:v_half]);
    perform pgwhen._wake_guarded(p_steps[v_half + 1:]);
    return;
  end if;
  perform pgwhen._fail_step(p_steps[1], jsonb_build_object('class', 'permanent', 'code', v_state, 'message', v_message));
end
$$;
comment on function pgwhen._wake_guarded(pgwhen.step_ref[]) is 'Ends delays; one that raises fails with that error.';
