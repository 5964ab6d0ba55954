-- A literal, "{{ path }}" with its type, text with paths in it, a time relative to now where a time is meant, a form, or an
-- object or list of all these. p_type is what the value is for (interval, timestamptz, text, ...), null for anything.
create or replace function pgwhen._compile_value(p_value jsonb, p_scope jsonb, p_place text,
  p_type text default null) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_text constant text := case jsonb_typeof(p_value) when 'string' then p_value #>> '{}' end;
  v_depth constant integer := coalesce((p_scope ->> 'depth')::integer, 0) + 1;
  v_result jsonb;
begin
  if v_depth > 32 then
    return pgwhen._result(null,
      pgwhen._problem('WF028', p_place, 'the value is nested more than 32 deep', 'make parts of it in a transform step before'));
  elsif pgwhen._is_form(p_value) then
    v_result := pgwhen._compile_form(p_value, p_scope || jsonb_build_object('depth', v_depth), p_place);
    return v_result || pgwhen._check_value_type(v_result, p_type, p_value::text, p_place);
  elsif v_text like '%{{%' or v_text like '%{\%%' then
    v_result := pgwhen._compile_text(v_text, p_scope, p_place);
    return v_result || pgwhen._check_value_type(v_result, p_type, v_text, p_place);
  elsif jsonb_typeof(p_value) in ('object', 'array') and coalesce(p_type, 'jsonb') in ('jsonb', 'array')
    and (p_value::text like '%{{%' or p_value::text like '%"$%') then
    return pgwhen._compile_nested(p_value, p_scope || jsonb_build_object('depth', v_depth), p_place);
  end if;
  v_result := pgwhen._compile_literal(p_value, p_scope, p_place, p_type);
  return v_result || jsonb_build_object('type', case when v_result -> 'compiled' ? 'now' then 'timestamptz'
    else coalesce(p_type, pgwhen._json_kind(p_value)) end);
end
$$;
comment on function pgwhen._compile_value(jsonb, jsonb, text, text) is 'Typed form of a value.';
