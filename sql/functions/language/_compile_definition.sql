-- What publishing writes beside the version itself: triggers, steps, edges, the version's compiled top level, and the keys by
-- which dispatch finds it. A version below 0 is a dry run's own: dispatch must not find it.
create or replace function pgwhen._compile_definition(p_workflow_id integer, p_version integer, p_definition jsonb,
  p_analysis jsonb default null) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := (select w.tenant from pgwhen.workflows w where w.workflow_id = p_workflow_id);
  v_analysis jsonb := coalesce(p_analysis, pgwhen._analyse_definition(p_definition, v_tenant));
begin
  perform pgwhen._refuse_problems(v_analysis -> 'problems', p_definition ->> 'workflow');

  update pgwhen.versions v
  set compiled = v_analysis -> 'compiled', roots = array(
    select s ->> 'step_id' from jsonb_array_elements(v_analysis -> 'steps') s
    where s ->> 'body' is null and not v_analysis -> 'edges' @> jsonb_build_array(jsonb_build_object('target', s ->> 'step_id')))
  where v.workflow_id = p_workflow_id and v.version = p_version;
  insert into pgwhen.triggers (workflow_id, version, trigger_no, trigger_id, kind, attachment_id, operations, event_type,
    columns, becomes, condition, needs_record, enabled)
  select p_workflow_id, p_version, t.ordinality, r.trigger_id, r.kind, r.attachment_id, r.operations, r.event_type, r.columns,
    nullif(r.becomes, 'null'),
    nullif(r.condition, 'null'), r.needs_record, r.enabled
  from jsonb_array_elements(v_analysis -> 'triggers') with ordinality t
  cross join lateral jsonb_to_record(t.value) as r (trigger_id text, kind text, attachment_id integer, operations text[],
    event_type text, columns text[],
    becomes jsonb, condition jsonb, needs_record boolean, enabled boolean);
  insert into pgwhen.steps (workflow_id, version, step_id, position, type, name, definition, compiled, condition, performed_by, body)
  select p_workflow_id, p_version, s.step_id, s.position, s.type, s.name, s.definition, s.compiled, nullif(s.condition, 'null'),
    s.performed_by, s.body
  from jsonb_to_recordset(v_analysis -> 'steps') as s (step_id text, position integer, type text, name text, definition jsonb,
    compiled jsonb, condition jsonb,
    performed_by text, body text);
  insert into pgwhen.edges (workflow_id, version, source, target, outcome, arm)
  select p_workflow_id, p_version, e.source, e.target, e.outcome, e.arm
  from jsonb_to_recordset(v_analysis -> 'edges') as e (source text, target text, outcome text, arm text);
  if p_version > 0 then
    perform pgwhen._write_watches(p_workflow_id, p_version, v_analysis -> 'steps', v_analysis -> 'compiled');
    perform pgwhen._write_trigger_keys(p_workflow_id, p_version, v_analysis -> 'triggers', v_tenant);
  end if;
end
$$;
comment on function pgwhen._compile_definition(integer, integer, jsonb, jsonb) is 'Writes steps, edges, triggers and keys of a version.';
