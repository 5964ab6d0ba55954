-- The three notations of a condition, as typed form: a map, all/any/not, or a SQL/JSON path predicate.
create or replace function pgwhen._compile_condition(p_condition jsonb, p_scope jsonb, p_place text,
  p_depth integer default 1) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_text constant text := p_condition #>> '{}';
  v_key text;
  v_value jsonb;
  v_result jsonb := pgwhen._result(null);
  v_one jsonb;
  v_all jsonb := '[]'::jsonb;
begin
  if p_depth > 32 then
    return pgwhen._result(null,
      pgwhen._problem('WF028', p_place, 'the condition is nested more than 32 deep', 'take parts of it into condition steps'));
  elsif jsonb_typeof(p_condition) = 'string' then
    if left(v_text, 1) <> '$' then
      return pgwhen._result(null, pgwhen._problem('WF022', p_place, format('%s is no condition', pgwhen._quote(p_condition)), case
        when v_text ~ '^\{\{.*\}\}$' then format('write {%s: true}, or another test of it', trim(trim(both '{}' from v_text)))
        else 'a condition is a map such as {status: completed}, or a path that begins with $' end));
    end if;
    v_result := pgwhen._compile_jsonpath(v_text, p_scope, p_place, true);
    return v_result || jsonb_build_object('compiled',
      jsonb_build_object('op', 'jsonpath', 'path', p_condition, 'source', p_condition) || pgwhen._path_cost(v_text, p_place));
  elsif jsonb_typeof(p_condition) is distinct from 'object' then
    return pgwhen._result(null, pgwhen._problem('WF002', p_place, format('%s is no condition', pgwhen._quote(p_condition)),
      'a condition is a map such as {status: completed}, or a path that begins with $'));
  elsif p_condition = '{}' then
    return pgwhen._result(null,
      pgwhen._problem('WF012', p_place, 'the condition is empty', 'leave it out, or say what has to hold'));
  end if;
  for v_key, v_value in select * from jsonb_each(p_condition) loop
    if v_key in ('all', 'any') then
      v_one := pgwhen._compile_conditions(v_key, v_value, p_scope, format('%s.%s', p_place, v_key), p_depth);
    elsif v_key = 'not' then
      v_one := pgwhen._compile_condition(v_value, p_scope, p_place || '.not', p_depth + 1);
      v_one := v_one || jsonb_build_object('compiled', jsonb_build_object('op', 'not', 'of', v_one -> 'compiled'));
    else
      v_one := pgwhen._compile_leaf(v_key, v_value, p_scope, p_place);
    end if;
    v_all := v_all || case v_one -> 'compiled' ->> 'op' when 'all' then v_one -> 'compiled' -> 'of'
      else jsonb_build_array(v_one -> 'compiled') end;
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', case when jsonb_array_length(v_all) = 1 then v_all -> 0
    else jsonb_build_object('op', 'all', 'of', v_all) end);
end
$$;
comment on function pgwhen._compile_condition(jsonb, jsonb, text, integer) is 'Typed form of a condition, with what it reads and what is wrong with it.';
