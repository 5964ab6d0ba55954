create or replace function pgwhen._compile_cases(p_value jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null);
  v_cases jsonb := '[]'::jsonb;
  v_types text[] := '{}'::text[];
  v_case jsonb;
  v_place text;
  v_key text;
  v_if jsonb;
  v_one jsonb;
begin
  if jsonb_typeof(p_value) <> 'array' or p_value = '[]' then
    return pgwhen._result(null, pgwhen._problem('WF070', p_place, format('%s is not a list of cases', pgwhen._quote(p_value)),
      'write it like [{if: {job.total: {gt: 5}}, then: large}, {else: small}]'));
  end if;
  for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
    v_case := p_value -> v_index;
    v_place := format('%s[%s]', p_place, v_index);
    v_key := case when v_index = jsonb_array_length(p_value) - 1 and v_case ? 'else' then 'else' else 'then' end;
    if jsonb_typeof(v_case) <> 'object' or not v_case ? v_key or (v_key = 'then') <> v_case ? 'if' or v_case - '{if,then,else}'::text[] <> '{}'
      or (v_key = 'then' and v_case ? 'else') or (v_key = 'else' and v_case ? 'then') then
      return pgwhen._result(null, pgwhen._problem('WF070', v_place, format('%s is not a case', pgwhen._quote(v_case)),
        'a case is {if: condition, then: value}; the last may be {else: value}'));
    end if;
    v_if := case when v_key = 'then' then pgwhen._compile_condition(v_case -> 'if', p_scope, v_place || '.if') else pgwhen._result(null) end;
    v_one := pgwhen._compile_value(v_case -> v_key, p_scope, v_place || '.' || v_key);
    v_cases := v_cases || jsonb_build_array(jsonb_build_object('if', v_if -> 'compiled', 'then', v_one -> 'compiled'));
    v_types := v_types || coalesce(v_one ->> 'type', '');
    v_result := pgwhen._join_results(null, pgwhen._join_results(null, v_result, v_if), v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', v_cases, 'type', (select min(t) from unnest(v_types) t having min(t) = max(t)));
end
$$;
comment on function pgwhen._compile_cases(jsonb, jsonb, text) is 'Typed form of the cases of $case.';
