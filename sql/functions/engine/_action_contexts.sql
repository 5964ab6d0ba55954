-- A table that may no longer be read must not keep every other action from being claimed: the batch is halved, and the step
-- concerned is given to the poller with the error, to be reported as its result.
create or replace function pgwhen._action_contexts(p_steps pgwhen.step_ref[]) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_half integer := cardinality(p_steps) / 2;
  v_state text;
  v_message text;
begin
  begin
    return (select coalesce(jsonb_object_agg(c.execution_id || ':' || c.step_id, jsonb_build_object('context', c.context)), '{}')
            from pgwhen._build_contexts(p_steps, 'action') c);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if pgwhen._is_transient(v_state) then
      raise;
    end if;
  end;
  if v_half > 0 then
    return pgwhen._action_contexts(p_steps[1:v_half]) || pgwhen._action_contexts(p_steps[v_half + 1:]);
  end if;
  return jsonb_build_object((p_steps[1]).execution_id || ':' || (p_steps[1]).step_id,
    jsonb_build_object('error', jsonb_build_object('code', v_state, 'message', v_message)));
end
$$;
comment on function pgwhen._action_contexts(pgwhen.step_ref[]) is 'Contexts of actions by execution:step, each {context} or {error}.';
