-- A literal, "{{ path }}" with its type, text with paths in it, a time relative to now where a time is meant, or a form.
-- p_type is what the value is for (interval, timestamptz, text, ...), null for anything.
create or replace function pgwhen._compile_value(p_value jsonb, p_scope jsonb, p_place text,
  p_type text default null) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_text constant text := case jsonb_typeof(p_value) when 'string' then p_value #>> '{}' end;
  v_result jsonb;
begin
  if jsonb_typeof(p_value) = 'object' and exists (select from jsonb_object_keys(p_value) k where left(k, 1) = '$') then
    return pgwhen._compile_form(p_value, p_scope, p_place);
  elsif v_text like '%{{%' or v_text like '%{\%%' then
    v_result := pgwhen._compile_text(v_text, p_scope, p_place);
    return v_result || pgwhen._check_value_type(v_result, p_type, v_text, p_place);
  elsif jsonb_typeof(p_value) in ('object', 'array') and p_value::text like '%{{%' then
    return pgwhen._result(null,
      pgwhen._problem('WF024', p_place, 'paths inside an object or list are not evaluated here',
        'give the value itself as "{{ path }}"'));
  end if;
  return pgwhen._compile_literal(p_value, p_scope, p_place, p_type);
end
$$;
comment on function pgwhen._compile_value(jsonb, jsonb, text, text) is 'Typed form of a value.';
