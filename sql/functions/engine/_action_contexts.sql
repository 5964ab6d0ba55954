-- A table that may no longer be read must not keep every other action from being claimed: the batch is halved, and the step
-- concerned is given to the poller with the error, to be reported as its result.
create or replace function pgwhen._action_contexts(p_steps pgwhen.step_ref[])
returns table (execution_id uuid, step_id text, context jsonb, error jsonb)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_half integer := cardinality(p_steps) / 2;
  v_state text;
  v_message text;
begin
  if p_steps is null then
    return;
  end if;
  begin
    return query select c.execution_id, c.step_id, c.context, null::jsonb from pgwhen._build_contexts(p_steps, 'action') c;
    return;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if pgwhen._is_transient(v_state) then
      raise;
    end if;
  end;
  if v_half > 0 then
    return query select * from pgwhen._action_contexts(p_steps[1:v_half]);
    return query select * from pgwhen._action_contexts(p_steps[v_half + 1:]);
    return;
  end if;
  return query select (p_steps[1]).execution_id, (p_steps[1]).step_id, null::jsonb,
    jsonb_build_object('error', jsonb_build_object('code', v_state, 'message', v_message));
end
$$;
comment on function pgwhen._action_contexts(pgwhen.step_ref[]) is 'Contexts of actions, or the error that kept one from being built.';
