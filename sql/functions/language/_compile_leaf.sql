-- One key of a map: {status: completed}, {total: {gte: 5, lt: 10}}.
create or replace function pgwhen._compile_leaf(p_key text, p_operand jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_place constant text := p_place || '.' || p_key;
  v_left jsonb := pgwhen._resolve_key(p_key, p_scope, v_place);
  v_operators constant text[] := array(select o.operator from pgwhen._operators() o);
  v_tests jsonb := case when jsonb_typeof(p_operand) = 'object' and not exists (
      select from jsonb_object_keys(p_operand) k where left(k, 1) = '$') then p_operand
    else jsonb_build_object('eq', p_operand) end;
  v_operator text;
  v_operand jsonb;
  v_result jsonb := pgwhen._result(null, v_left -> 'problems', v_left -> 'reads', v_left -> 'nodes', v_left -> 'steps');
  v_one jsonb;
  v_all jsonb := '[]'::jsonb;
begin
  if p_operand = '{}' then
    return pgwhen._join_results(null, v_result,
      pgwhen._result(null, pgwhen._problem('WF012', v_place, 'the test is empty', 'write {is_not_empty: true}, for example')));
  end if;
  for v_operator, v_operand in select * from jsonb_each(v_tests) loop
    if v_operator <> all (v_operators) then
      v_one := pgwhen._result(null,
        pgwhen._problem('WF020', v_place || '.' || v_operator,
          format('%s is not an operator', pgwhen._quote(to_jsonb(v_operator))),
        coalesce('did you mean ' || coalesce(pgwhen._nearest(v_operator, v_operators), case v_operator
          when '=' then 'eq' when '==' then 'eq' when 'equals' then 'eq' when '!=' then 'ne' when '<>' then 'ne' when '>'
            then 'gt' when '>=' then 'gte'
          when '<' then 'lt' when '<=' then 'lte' when 'ge' then 'gte' when 'le' then 'lte' when 'like' then 'matches'
            when 'regex' then 'matches'
          when 'exists' then 'is_not_empty' when 'is_null' then 'is_empty' end) || '?',
          case when v_left ->> 'type' = 'jsonb' then format('for a part of it write %s.%s', p_key, v_operator) end,
          'operators are ' || array_to_string(v_operators, ', '))));
    elsif v_left -> 'compiled' = 'null' then
      v_one := pgwhen._result(null);
    else
      v_one := pgwhen._compile_test(v_operator, v_left, v_operand, p_scope, case when v_tests = p_operand then v_place || '.'
        || v_operator else v_place end,
        case when v_operator = 'eq' and v_tests is distinct from p_operand
          then format('%s: %s', p_key, pgwhen._operand_text(v_operand))
          else format('%s: {%s: %s}', p_key, v_operator, pgwhen._operand_text(v_operand)) end);
    end if;
    v_all := v_all || jsonb_build_array(v_one -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', case when jsonb_array_length(v_all) = 1 then v_all -> 0
    else jsonb_build_object('op', 'all', 'of', v_all) end);
end
$$;
comment on function pgwhen._compile_leaf(text, jsonb, jsonb, text) is 'Typed form of one key of a condition.';
