-- A definition as it was given: bounds first, so that nothing after them can run out of stack or time, then the one pass over
-- its normalised form. Result: definition, analysis, and problems with the paths of the document as it was given, as far as it
-- was given in the language's own form.
create or replace function pgwhen._examine(p_definition jsonb, p_tenant text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_definition jsonb;
  v_analysis jsonb;
  v_problems jsonb := pgwhen._check_bounds(p_definition);
begin
  if v_problems <> '[]' then
    return jsonb_build_object('problems', v_problems);
  end if;
  v_definition := pgwhen.normalise_definition(p_definition);
  v_analysis := pgwhen._analyse_definition(v_definition, p_tenant);
  v_problems := pgwhen._warn_of_rewriting(p_definition) || (v_analysis -> 'problems');
  if jsonb_typeof(p_definition -> 'when') in ('object', 'string') then
    v_problems := (select coalesce(jsonb_agg(p.value
      || jsonb_build_object('path', regexp_replace(p.value ->> 'path', '^when\[0\]', 'when'))), '[]')
      from jsonb_array_elements(v_problems) p);
  end if;
  return jsonb_build_object('definition', v_definition, 'analysis', v_analysis, 'problems', pgwhen._distinct(v_problems));
end
$$;
comment on function pgwhen._examine(jsonb, text) is 'Normalised form, analysis and problems of a definition.';
