-- What is nothing but literals stays one literal. Keys of an object keep their places in pairs, so that a key can have any name.
create or replace function pgwhen._compile_nested(p_value jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_list constant boolean := jsonb_typeof(p_value) = 'array';
  v_result jsonb := pgwhen._result(null);
  v_parts jsonb[] := '{}'::jsonb[];
  v_constant boolean := true;
  v_one jsonb;
  v_row record;
begin
  for v_row in
    select e.value, (e.ordinality - 1)::text as key from jsonb_array_elements(case when v_is_list then p_value else '[]' end) with ordinality e
    union all
    select e.value, e.key from jsonb_each(case when v_is_list then '{}' else p_value end) e
  loop
    v_one := pgwhen._compile_value(v_row.value, p_scope, case when v_is_list then format('%s[%s]', p_place, v_row.key) else p_place || '.' || v_row.key end);
    v_constant := v_constant and v_one -> 'compiled' ? 'literal';
    v_parts := v_parts || case when v_is_list then v_one -> 'compiled' else jsonb_build_array(v_row.key, v_one -> 'compiled') end;
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('type', pgwhen._json_kind(p_value), 'compiled', case
    when v_constant and v_is_list then jsonb_build_object('literal', (select jsonb_agg(p.part -> 'literal' order by p.n) from unnest(v_parts) with ordinality p (part, n)))
    when v_constant then jsonb_build_object('literal', (select jsonb_object_agg(p.part ->> 0, p.part -> 1 -> 'literal') from unnest(v_parts) p (part)))
    else jsonb_build_object(case when v_is_list then 'list' else 'object' end, to_jsonb(v_parts)) end);
end
$$;
comment on function pgwhen._compile_nested(jsonb, jsonb, text) is 'Typed form of an object or list with values in it.';
