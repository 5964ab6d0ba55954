-- What a workflow may not read is part of the explanation, not an error of it.
create or replace function pgwhen._explained_context(p_event pgwhen.events, p_workflow_id integer, p_version integer) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_message text;
  v_context jsonb;
begin
  select c.context into v_context
  from pgwhen._trigger_contexts(array[to_jsonb(p_event) || jsonb_build_object('now', p_event.dispatched_at)], array[p_workflow_id], array[p_version]) c;
  return v_context;
exception
  when sqlstate 'WF133' or sqlstate 'WF134' or sqlstate 'WF135' then
    get stacked diagnostics v_message = message_text;
    return jsonb_build_object('refused', v_message);
end
$$;
comment on function pgwhen._explained_context(pgwhen.events, integer, integer) is 'Context of an event for a workflow with the clock of its dispatch; {refused: why} where the record cannot be read.';
