create or replace function pgwhen._compile_conditions(p_op text, p_list jsonb, p_scope jsonb, p_place text,
  p_depth integer) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null);
  v_one jsonb;
  v_of jsonb := '[]'::jsonb;
begin
  if jsonb_typeof(p_list) is distinct from 'array' or p_list = '[]' then
    return pgwhen._result(null,
      pgwhen._problem('WF002', p_place, format('%s takes a list of conditions', p_op),
        format('write %s: [{status: open}, {total: {gt: 5}}]', p_op)));
  end if;
  for v_index in 0 .. jsonb_array_length(p_list) - 1 loop
    v_one := pgwhen._compile_condition(p_list -> v_index, p_scope, format('%s[%s]', p_place, v_index), p_depth + 1);
    v_of := v_of || jsonb_build_array(v_one -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', jsonb_build_object('op', p_op, 'of', v_of));
end
$$;
comment on function pgwhen._compile_conditions(text, jsonb, jsonb, text, integer) is 'Typed form of all or any.';
