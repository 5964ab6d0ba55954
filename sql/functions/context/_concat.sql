-- As || in SQL: a missing part makes the whole missing.
create or replace function pgwhen._concat(p_form jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_list boolean;
  v_part jsonb;
  v_list jsonb := '[]'::jsonb;
  v_text text := '';
begin
  for v_index in 0 .. jsonb_array_length(p_form -> 'of') - 1 loop
    v_part := pgwhen._value(p_form -> 'of' -> v_index, p_context);
    if v_part is null then
      return null;
    elsif v_is_list <> (jsonb_typeof(v_part) = 'array') then
      return pgwhen._refuse_value('WF137', p_form, format('%s is %s, and what stands before it is %s', pgwhen._quote(v_part),
        case when v_is_list then 'no list' else 'a list' end, case when v_is_list then 'a list' else 'none' end), 'Give texts, or lists, and not both; $join makes a text of a list.');
    end if;
    v_is_list := jsonb_typeof(v_part) = 'array';
    if v_is_list then
      v_list := v_list || v_part;
    else
      v_text := v_text || pgwhen._text(v_part);
    end if;
    if length(v_text) + pg_column_size(v_list) > 1048576 or jsonb_array_length(v_list) > 10000 then
      return pgwhen._refuse_value('WF139', p_form, 'the result has more than 1 MB or 10,000 items', 'Take only what is needed.');
    end if;
  end loop;
  return case when v_is_list then v_list else to_jsonb(v_text) end;
end
$$;
comment on function pgwhen._concat(jsonb, jsonb) is '$concat: texts as one text, or lists as one list.';
