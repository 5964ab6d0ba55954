-- A private copy of the active version, or of the draft, under a number that no version has: nobody else sees it, and so its
-- conditions may be given their results. p_given of a step: outcome for a condition or switch, if (true or false) for any other
-- step with a condition.
create or replace function pgwhen._simulated_version(p_workflow pgwhen.workflows, p_draft boolean, p_given jsonb) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_version integer := -pg_backend_pid();
  v_number jsonb := jsonb_build_object('version', v_version);
begin
  if p_draft then
    insert into pgwhen.versions (workflow_id, version, definition, source, compiled, published_at)
    values (p_workflow.workflow_id, v_version, p_workflow.draft, p_workflow.draft_source, '{}', pgwhen._now());
    perform pgwhen._compile_definition(p_workflow.workflow_id, v_version, p_workflow.draft);
  else
    insert into pgwhen.versions
    select n.* from pgwhen.versions o cross join lateral jsonb_populate_record(o, v_number) n
    where o.workflow_id = p_workflow.workflow_id and o.version = p_workflow.active_version;
    insert into pgwhen.triggers
    select n.* from pgwhen.triggers o cross join lateral jsonb_populate_record(o, v_number) n
    where o.workflow_id = p_workflow.workflow_id and o.version = p_workflow.active_version;
    insert into pgwhen.steps
    select n.* from pgwhen.steps o cross join lateral jsonb_populate_record(o, v_number) n
    where o.workflow_id = p_workflow.workflow_id and o.version = p_workflow.active_version;
    insert into pgwhen.edges
    select n.* from pgwhen.edges o cross join lateral jsonb_populate_record(o, v_number) n
    where o.workflow_id = p_workflow.workflow_id and o.version = p_workflow.active_version;
  end if;

  update pgwhen.steps s
  set condition = case coalesce(g.value ->> 'if', g.value ->> 'outcome') when 'true' then '{"op": "all", "of": []}'::jsonb
    else '{"op": "any", "of": []}' end
  from jsonb_each(p_given) g
  where s.workflow_id = p_workflow.workflow_id and s.version = v_version and s.step_id = g.key
    and s.condition is not null and (g.value ? 'if' or s.type = 'condition' and g.value ? 'outcome');
  update pgwhen.steps s
  set compiled = s.compiled || jsonb_build_object('value', jsonb_build_object('literal',
    case when g.value ->> 'outcome' like 'case:%' then substr(g.value ->> 'outcome', 6) end))
  from jsonb_each(p_given) g
  where s.workflow_id = p_workflow.workflow_id and s.version = v_version and s.step_id = g.key
    and s.type = 'switch' and g.value ? 'outcome';
  return v_version;
end
$$;
comment on function pgwhen._simulated_version(pgwhen.workflows, boolean, jsonb) is 'Copies the active version or the draft of a workflow for a simulation; returns its number.';
