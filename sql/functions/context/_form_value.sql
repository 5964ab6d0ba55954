-- Every result is bounded, so that forms within forms cannot grow without end.
create or replace function pgwhen._form_value(p_form jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb;
  v_name constant text := p_form ->> 'form';
begin
  case
    when v_name = '$if' then
      v_value := pgwhen._value(case when pgwhen._holds(p_form -> 'if', p_context) then p_form -> 'then' else p_form -> 'else' end, p_context);
    when v_name = '$case' then
      for v_index in 0 .. jsonb_array_length(p_form -> 'of') - 1 loop
        if pgwhen._holds(p_form -> 'of' -> v_index -> 'if', p_context) then
          v_value := pgwhen._value(p_form -> 'of' -> v_index -> 'then', p_context);
          exit;
        end if;
      end loop;
    when v_name = '$default' then
      for v_index in 0 .. jsonb_array_length(p_form -> 'of') - 1 loop
        v_value := pgwhen._value(p_form -> 'of' -> v_index, p_context);
        exit when v_value is not null;
      end loop;
    when v_name in ('$add', '$sub', '$mul', '$div') then
      v_value := pgwhen._arithmetic(p_form, p_context);
    when v_name = '$round' then
      v_value := pgwhen._as_json_number(p_form,
        round(pgwhen._number(p_form, pgwhen._value(p_form -> 'value', p_context)), coalesce((p_form #> '{digits,literal}')::integer, 0)));
    when v_name in ('$sum', '$avg', '$min', '$max', '$count', '$distinct', '$first', '$last') then
      v_value := pgwhen._aggregate(p_form, pgwhen._list(p_form, pgwhen._value(p_form -> 'of', p_context)));
    when v_name in ('$map', '$filter', '$sort', '$group') then
      v_value := pgwhen._each_item(p_form, pgwhen._list(p_form, pgwhen._value(p_form -> 'in', p_context)), p_context);
    when v_name = '$concat' then
      v_value := pgwhen._concat(p_form, p_context);
    when v_name = '$join' then
      v_value := pgwhen._join_texts(pgwhen._list(p_form, pgwhen._value(p_form -> 'in', p_context)),
        case when p_form ? 'with' then pgwhen._value(p_form -> 'with', p_context) else '", "' end);
    when v_name in ('$date', '$format_date') then
      v_value := pgwhen._date_form(p_form, p_context);
    when v_name = '$age' then
      v_value := pgwhen._age(p_form, p_context);
    else
      raise exception using errcode = 'WF132', message = format('this version of pgwhen does not know the form %s', v_name),
        hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
  end case;
  if pg_column_size(v_value) > 1048576 then
    return pgwhen._refuse_value('WF139', p_form, 'the result has more than 1 MB', 'Take only what is needed of each item, with $map or $path.');
  end if;
  return nullif(v_value, 'null');
end
$$;
comment on function pgwhen._form_value(jsonb, jsonb) is 'What a compiled form comes to in a context; null where it is missing.';
