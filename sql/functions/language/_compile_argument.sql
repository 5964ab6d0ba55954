-- One argument of a form, by its kind in _forms.
create or replace function pgwhen._compile_argument(p_kind text, p_value jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_written constant boolean := not pgwhen._is_form(p_value) and (jsonb_typeof(p_value) <> 'string' or p_value #>> '{}' not like '%{{%');
  v_result jsonb;
begin
  case
    when p_kind = 'condition' then
      return pgwhen._compile_condition(p_value, p_scope, p_place);
    when p_kind = 'cases' then
      return pgwhen._compile_cases(p_value, p_scope, p_place);
    when p_kind in ('values', 'numbers', 'pair') then
      return pgwhen._compile_arguments(p_kind, p_value, p_scope, p_place);
    when p_kind = 'list' then
      if v_is_written and jsonb_typeof(p_value) <> 'array' then
        return pgwhen._result(null, pgwhen._problem('WF070', p_place, format('%s is not a list', pgwhen._quote(p_value)),
          'give "{{ path }}", {$path: "$.job.items[*].total"} or [1, 2]'));
      end if;
      return pgwhen._compile_value(p_value, p_scope, p_place, 'array');
    when p_kind = 'value' then
      return pgwhen._compile_value(p_value, p_scope, p_place);
    when p_kind = 'number' then
      return pgwhen._compile_value(p_value, p_scope, p_place, 'numeric');
    when p_kind = 'time' then
      v_result := pgwhen._compile_value(p_value, p_scope, p_place, 'timestamptz');
      -- A date stays a date: its midnight is looked for in the zone of the form.
      return case when v_result -> 'compiled' ? 'literal' then v_result || jsonb_build_object('compiled', jsonb_build_object('literal', p_value)) else v_result end;
    when p_kind = 'duration' then
      return pgwhen._compile_value(p_value, p_scope, p_place, 'interval');
    when p_kind = 'text' then
      return pgwhen._compile_value(p_value, p_scope, p_place, 'text');
    when p_kind = 'zone' and v_is_written then
      return pgwhen._result(jsonb_build_object('literal', p_value), pgwhen._check_kind('timezone', p_value, p_place));
    when p_kind = 'zone' then
      return pgwhen._compile_value(p_value, p_scope, p_place, 'text');
    when p_kind = 'flag' then
      return pgwhen._result(jsonb_build_object('literal', p_value), pgwhen._check_kind('boolean', p_value, p_place));
    when p_kind = 'digits' then
      return pgwhen._result(jsonb_build_object('literal', p_value), case when jsonb_typeof(p_value) = 'number' and p_value #>> '{}' ~ '^-?\d{1,2}$'
        then '[]' else pgwhen._problem('WF070', p_place, format('%s is not a whole number from -99 to 99', pgwhen._quote(p_value))) end);
    when p_kind like 'unit:%' then
      return pgwhen._result(jsonb_build_object('literal', p_value), pgwhen._check_kind('enum:' || substr(p_kind, 6), p_value, p_place));
    else
      raise exception using errcode = 'WF099', message = format('the kind %s of an argument is not known', p_kind),
        hint = 'This is a mistake in pgwhen: _forms and _compile_argument differ.';
  end case;
end
$$;
comment on function pgwhen._compile_argument(text, jsonb, jsonb, text) is 'Typed form of an argument of a form.';
