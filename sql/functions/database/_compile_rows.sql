-- A list in the definition is checked row by row; what a value gives is looked at when it is there (_rows_to_create).
create or replace function pgwhen._compile_rows(p_rows jsonb, p_relation oid, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb;
  v_each jsonb := '[]'::jsonb;
  v_one jsonb;
begin
  if jsonb_typeof(p_rows) <> 'array' then
    v_result := pgwhen._compile_value(p_rows, p_scope, p_place);
    return v_result || jsonb_build_object('compiled', jsonb_build_object('value', v_result -> 'compiled'));
  end if;
  v_result := pgwhen._result(null);
  for v_index in 0 .. jsonb_array_length(p_rows) - 1 loop
    v_one := pgwhen._compile_assignments(p_rows -> v_index, p_relation, p_scope, format('%s[%s]', p_place, v_index));
    v_each := v_each || jsonb_build_array(v_one -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', jsonb_build_object('each', v_each));
end
$$;
comment on function pgwhen._compile_rows(jsonb, oid, jsonb, text) is 'Typed form of the rows of a create step.';
