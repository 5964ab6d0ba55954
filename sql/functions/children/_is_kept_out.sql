-- As dispatch judges a manual start.
create or replace function pgwhen._is_kept_out(p_workflow_id integer, p_version integer, p_compiled jsonb, p_condition jsonb, p_input jsonb,
  p_actor text, p_depth integer, p_at timestamptz) returns boolean
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_context jsonb;
begin
  if p_condition is null and coalesce(p_compiled -> 'suppress_if', 'null') = 'null' then
    return false;
  end if;
  select c.context into v_context
  from pgwhen._trigger_contexts(array[jsonb_build_object('type', 'start', 'operation', 'manual', 'occurred_at', p_at, 'depth', p_depth,
    'actor', p_actor, 'input', pgwhen._check_inputs(p_compiled -> 'inputs', p_input))], array[p_workflow_id], array[p_version]) c;
  return p_condition is not null and pgwhen._holds(p_condition, v_context) is not true
    or coalesce(p_compiled -> 'suppress_if', 'null') <> 'null' and pgwhen._holds(p_compiled -> 'suppress_if', v_context) is true;
end
$$;
comment on function pgwhen._is_kept_out(integer, integer, jsonb, jsonb, jsonb, text, integer, timestamptz) is 'Whether the if of its manual trigger or its suppress_if keeps a start out of a workflow.';
