-- What people and older systems write, in the words of docs/workflows.md: one form for validation, compilation and comparison.
-- What is wrong stays as it is, for validation to name. Idempotent.
create or replace function pgwhen.normalise_definition(p_definition jsonb) returns jsonb
language plpgsql immutable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_definition jsonb := p_definition;
  v_names jsonb;
  v_key text;
begin
  if jsonb_typeof(p_definition) is distinct from 'object' or pgwhen._is_too_deep(p_definition) then
    return p_definition;
  end if;
  if pgwhen._is_seed_form(v_definition) then
    v_definition := v_definition - array['id', 'is_active', 'organization_id', 'execution_count', 'created_at', 'updated_at'];
    if not v_definition ? 'when' and jsonb_typeof(v_definition -> 'trigger_type') = 'string' then
      v_definition := v_definition || coalesce(
        jsonb_build_object('when',
          pgwhen._seed_trigger(v_definition ->> 'trigger_type', v_definition -> 'trigger_conditions')), '{}');
      if jsonb_typeof(v_definition -> 'when') = 'null' then
        v_definition := v_definition - 'when';
      else
        v_definition := v_definition - array['trigger_type', 'trigger_conditions'];
      end if;
    end if;
  end if;

  v_key := coalesce(nullif(v_definition ->> 'workflow', ''), nullif(v_definition ->> 'name', ''));
  if v_key is not null and coalesce(jsonb_typeof(v_definition -> 'workflow'), 'string') = 'string'
     and jsonb_typeof(coalesce(v_definition -> 'workflow', v_definition -> 'name')) = 'string' then
    v_definition := v_definition || jsonb_build_object('workflow', pgwhen._identifier(v_key, 'w'));
  end if;

  if jsonb_typeof(v_definition -> 'when') in ('object', 'string') then
    v_definition := v_definition || jsonb_build_object('when', jsonb_build_array(v_definition -> 'when'));
  end if;
  if jsonb_typeof(v_definition -> 'when') = 'array' then
    v_definition := v_definition || jsonb_build_object('when', (
      select coalesce(jsonb_agg(pgwhen._normalise_trigger(t.value) order by t.ordinality), '[]')
      from jsonb_array_elements(v_definition -> 'when') with ordinality t));
  end if;

  select pgwhen._new_names(coalesce(jsonb_agg(r.step -> 'id') filter (where r.step ? 'id'), '[]')) into v_names
  from (
    select * from pgwhen._step_rows(v_definition -> 'steps', '')
    union all
    select * from pgwhen._step_rows(v_definition -> 'nodes', '')
  ) r
  where jsonb_typeof(r.step) = 'object';
  foreach v_key in array array['steps', 'nodes'] loop
    if jsonb_typeof(v_definition -> v_key) = 'array' then
      v_definition := v_definition || jsonb_build_object(v_key, (
        select coalesce(jsonb_agg(pgwhen._normalise_step(s.value, v_names) order by s.ordinality), '[]')
        from jsonb_array_elements(v_definition -> v_key) with ordinality s));
    end if;
  end loop;
  if jsonb_typeof(v_definition -> 'edges') = 'array' then
    v_definition := v_definition || jsonb_build_object('edges', (
      select coalesce(jsonb_agg(pgwhen._normalise_edge(e.value, v_names) order by e.ordinality), '[]')
      from jsonb_array_elements(v_definition -> 'edges') with ordinality e));
  end if;
  if v_names <> '{}' then
    v_definition := pgwhen._rename_references(v_definition, v_names);
    if jsonb_typeof(v_definition -> 'tests') = 'array' then
      v_definition := v_definition || jsonb_build_object('tests', (
        select coalesce(jsonb_agg(pgwhen._normalise_test(t.value, v_names) order by t.ordinality), '[]')
        from jsonb_array_elements(v_definition -> 'tests') with ordinality t));
    end if;
  end if;
  return v_definition;
end
$$;
comment on function pgwhen.normalise_definition(jsonb) is 'A definition in the words of the language: triggers as a list, identifiers rewritten, the forms of older systems translated.';
