-- Bounds first, so that nothing after them can run out of stack or time.
create or replace function pgwhen._validate(p_definition jsonb, p_tenant text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_definition jsonb;
  v_problems jsonb := pgwhen._check_bounds(p_definition);
begin
  if v_problems <> '[]' then
    return v_problems;
  end if;
  v_definition := pgwhen.normalise_definition(p_definition);
  v_problems := pgwhen._warn_of_rewriting(p_definition) || (pgwhen._analyse_definition(v_definition, p_tenant) -> 'problems');
  if jsonb_typeof(p_definition -> 'when') = 'object' then
    v_problems := (select coalesce(jsonb_agg(p.value || jsonb_build_object('path', regexp_replace(p.value ->> 'path', '^when\[0\]', 'when')) order by p.ordinality), '[]')
      from jsonb_array_elements(v_problems) with ordinality p);
  end if;
  return pgwhen._distinct(v_problems);
end
$$;
comment on function pgwhen._validate(jsonb, text) is 'Problems of a definition as it was given.';
