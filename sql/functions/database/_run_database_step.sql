-- One transaction: the statement's effect, the step's result and what follows from it commit together, so that whatever dies, the effect is
-- there exactly once. What goes wrong in the statement is caught with its subtransaction and is the step's result: errors of the
-- moment (serialization, deadlock, a lock or the statement that took too long) are tried again as retry says, all others are permanent.
create or replace function pgwhen._run_database_step(p_step jsonb, p_search_path text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_started timestamptz := pgwhen._clock();
  v_clock timestamptz := clock_timestamp(); -- wall clock: statement_timeout runs on it
  v_taken record;
  v_timeout double precision;
  v_class text := 'ok';
  v_output jsonb;
  v_error jsonb;
  v_state text;
  v_message text;
  v_detail text;
  v_hint text;
  v_constraint text;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  select * into v_taken from pgwhen._take_database_step(p_step);
  if v_taken.execution_id is null then
    return jsonb_build_object('class', null);
  elsif v_taken.is_marked then
    return jsonb_build_object('class', null, 'again', true);
  end if;
  assert pgwhen._fail_point('step.taken');
  v_timeout := (v_taken.compiled ->> 'timeout')::double precision;
  begin
    perform set_config('pgwhen.cause', pgwhen._sealed_cause(v_taken.execution_id, v_taken.depth + 1)::text, true),
      set_config('pgwhen.actor', 'workflow ' || v_taken.workflow, true);
    v_output := pgwhen._perform_database_step((v_taken.execution_id, v_taken.step_id)::pgwhen.step_ref, v_taken.type,
      v_taken.compiled -> 'statement', v_taken.tenant, p_search_path);
  exception
    -- Others are all but these two.
    when others or query_canceled or assert_failure then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint,
        v_constraint = constraint_name;
      v_class := case when pgwhen._is_transient(v_state) then 'transient' else 'permanent' end;
      if v_state = '57014' and extract(epoch from clock_timestamp() - v_clock) >= v_timeout - 0.05 then -- wall clock: see above
        v_state := 'timeout';
        v_message := format('the statement took longer than %s', make_interval(secs => v_timeout));
      elsif v_state = '42501' then
        v_hint := coalesce(nullif(v_hint, ''), pgwhen._missing_grants(v_taken.type, v_taken.compiled -> 'statement', v_taken.tenant));
      end if;
      v_error := jsonb_strip_nulls(jsonb_build_object('code', v_state, 'message', left(v_message, 1000), 'detail', nullif(left(v_detail, 1000), ''),
        'hint', nullif(left(v_hint, 1000), ''), 'constraint', nullif(v_constraint, '')));
  end;
  perform set_config('pgwhen.cause', '', true), set_config('pgwhen.actor', '', true);
  assert pgwhen._fail_point('step.performed');
  perform pgwhen.report_actions(jsonb_build_array(p_step || jsonb_build_object('class', v_class, 'output', v_output, 'error', v_error,
    'started_at', v_started)));
  assert pgwhen._fail_point('step.reported');
  return jsonb_build_object('class', v_class, 'error', v_error);
end
$$;
comment on function pgwhen._run_database_step(jsonb, text) is 'Body of run_database_step; p_search_path is the caller''s, for the statement.';
