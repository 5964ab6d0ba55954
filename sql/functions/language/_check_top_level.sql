-- Keys of the top level, and what belongs together there.
create or replace function pgwhen._check_top_level(p_definition jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := pgwhen._check_object('{workflow}', p_definition - '{trigger_type,trigger_conditions}'::text[], '',
    'a workflow');
begin
  if p_definition ? 'trigger_type' and not p_definition ? 'when' then
    v_problems := (select coalesce(jsonb_agg(p.value), '[]') from jsonb_array_elements(v_problems) p
      where p.value ->> 'message' <> 'a workflow needs when')
      || pgwhen._unknown_seed_trigger(p_definition -> 'trigger_type', 'trigger_type');
  end if;
  if jsonb_typeof(p_definition) <> 'object' then
    return v_problems;
  elsif p_definition ? 'steps' and p_definition ? 'nodes' then
    v_problems := v_problems || pgwhen._problem('WF014', 'nodes', 'a workflow has steps, or nodes and edges, not both');
  elsif not p_definition ?| '{steps,nodes}' then
    v_problems := v_problems || pgwhen._problem('WF005', '', 'a workflow needs steps');
  elsif p_definition ? 'edges' and not p_definition ? 'nodes' then
    v_problems := v_problems || pgwhen._problem('WF014', 'edges', 'edges goes with nodes');
  end if;
  -- The one constant that means something: the locale of messages whose step has none.
  return v_problems || pgwhen._check_locale(p_definition #> '{vars,locale}', 'vars.locale');
end
$$;
comment on function pgwhen._check_top_level(jsonb) is 'Problems with the top level of a definition.';
