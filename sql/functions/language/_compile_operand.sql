-- The right side of a test, as the type that it is compared as.
create or replace function pgwhen._compile_operand(p_kind text, p_operand jsonb, p_type text, p_column jsonb, p_scope jsonb,
  p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_path constant boolean := p_operand #>> '{}' like '%{{%' and jsonb_typeof(p_operand) = 'string'
    or (jsonb_typeof(p_operand) = 'object'
    and exists (select from jsonb_object_keys(p_operand) k where left(k, 1) = '$'));
  v_result jsonb := pgwhen._result(null);
  v_one jsonb;
  v_list jsonb := '[]'::jsonb;
begin
  case
    when p_kind = 'flag' then
      if jsonb_typeof(p_operand) <> 'boolean' then
        return pgwhen._result(null,
          pgwhen._problem('WF021', p_place, format('%s is not true or false', pgwhen._quote(p_operand))));
      end if;
      return pgwhen._result(jsonb_build_object('literal', p_operand));
    when p_kind = 'duration' then
      return pgwhen._compile_value(p_operand, p_scope, p_place, 'interval');
    when p_kind = 'list' and v_is_path then
      return pgwhen._compile_value(p_operand, p_scope, p_place);
    when p_kind = 'list' then
      if jsonb_typeof(p_operand) <> 'array' or p_operand = '[]' then
        return pgwhen._result(null,
          pgwhen._problem('WF021', p_place, format('%s is not a list', pgwhen._quote(p_operand)),
            'write it like [open, closed]'));
      end if;
      for v_index in 0 .. jsonb_array_length(p_operand) - 1 loop
        v_one := pgwhen._compile_operand('value', p_operand -> v_index, p_type, p_column, p_scope,
          format('%s[%s]', p_place, v_index));
        v_list := v_list || jsonb_build_array(v_one -> 'compiled');
        v_result := pgwhen._join_results(null, v_result, v_one);
      end loop;
      return v_result || jsonb_build_object('compiled', case
        when exists (select from jsonb_array_elements(v_list) e where not e.value ? 'literal')
        then jsonb_build_object('list', v_list)
        else jsonb_build_object('literal',
          (select jsonb_agg(e.value -> 'literal' order by e.ordinality)
            from jsonb_array_elements(v_list) with ordinality e)) end);
    when v_is_path then
      v_one := pgwhen._compile_value(p_operand, p_scope, p_place, case p_kind when 'element' then null when 'regex' then 'text'
        else p_type end);
      -- What comes out of data is looked at when it is there.
      return case when p_kind = 'regex' then v_one || jsonb_build_object('compiled', jsonb_build_object('pattern', v_one -> 'compiled')) else v_one end;
    when p_kind = 'element' and p_type is distinct from 'text' then
      return pgwhen._result(jsonb_build_object('literal', p_operand));
    when p_kind = 'regex' and length(p_operand #>> '{}') <= 1000 and pgwhen._pattern_problem(p_operand #>> '{}') is not null then
      return pgwhen._result(null,
        pgwhen._problem('WF073', p_place, format('the regular expression %s could take too long: %s', pgwhen._quote(p_operand),
          pgwhen._pattern_problem(p_operand #>> '{}')), 'write a shorter one, without repetitions in repetitions'));
    when p_kind = 'regex' and (jsonb_typeof(p_operand) <> 'string' or length(p_operand #>> '{}') > 1000
      or not pgwhen._is_valid('regex', p_operand #>> '{}')) then
      return pgwhen._result(null,
        pgwhen._problem('WF021', p_place, format('%s is not a regular expression', pgwhen._quote(p_operand)),
          'see POSIX regular expressions in PostgreSQL''s manual'));
    when p_kind in ('text', 'regex') then
      return pgwhen._compile_literal(p_operand, p_scope, p_place, 'text');
    else
      return pgwhen._compile_literal(p_operand, p_scope, p_place, p_type, p_column);
  end case;
end
$$;
comment on function pgwhen._compile_operand(text, jsonb, text, jsonb, jsonb, text) is 'Typed form of the right side of a test.';
