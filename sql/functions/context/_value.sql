-- A missing value and JSON null are both null. {$path} gives one value where its path can only name one, else a list: the
-- shape follows from the definition, never from the data.
create or replace function pgwhen._value(p_value jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_text text := '';
  v_part jsonb;
begin
  if p_value ? 'literal' then
    return nullif(p_value -> 'literal', 'null');
  elsif p_value ? 'path' then
    return coalesce(pgwhen._at(p_context, p_value -> 'path'), nullif(p_value -> 'default', 'null'));
  elsif p_value ? 'form' then
    return pgwhen._form_value(p_value, p_context);
  elsif p_value ? 'concat' then
    for v_index in 0 .. jsonb_array_length(p_value -> 'concat') - 1 loop
      v_part := pgwhen._value(p_value -> 'concat' -> v_index, p_context);
      if v_part is null then
        return nullif(p_value -> 'default', 'null');
      end if;
      v_text := v_text || pgwhen._text(v_part);
    end loop;
    return to_jsonb(v_text);
  elsif p_value ? 'now' then
    return pgwhen._iso(pgwhen._shift(pgwhen._now_of(p_context), coalesce(pgwhen._interval(nullif(p_value ->> 'now', '')), '0')));
  elsif p_value ? 'list' then
    v_part := '[]';
    for v_index in 0 .. jsonb_array_length(p_value -> 'list') - 1 loop
      v_part := v_part || jsonb_build_array(pgwhen._value(p_value -> 'list' -> v_index, p_context));
    end loop;
    return v_part;
  elsif p_value ? 'object' then
    v_part := '{}';
    for v_index in 0 .. jsonb_array_length(p_value -> 'object') - 1 loop
      v_part := v_part || jsonb_build_object(p_value -> 'object' -> v_index ->> 0, pgwhen._value(p_value -> 'object' -> v_index -> 1, p_context));
    end loop;
    return v_part;
  elsif p_value ? 'jsonpath' then
    return pgwhen._path_form(p_value, p_context);
  elsif p_value ? 'labels' then
    return pgwhen._labels_beyond(p_value -> 'labels', p_value ->> 'op', pgwhen._value(p_value -> 'of', p_context) #>> '{}');
  elsif p_value ? 'pattern' then
    v_part := pgwhen._value(p_value -> 'pattern', p_context);
    return case when pgwhen._pattern_problem(v_part #>> '{}') is null then v_part end;
  end if;
  return null;
end
$$;
comment on function pgwhen._value(jsonb, jsonb) is 'What a compiled value comes to in a context; null where it is missing.';
