-- As in SQL a missing operand makes the result missing. Each step is bounded before the next.
create or replace function pgwhen._arithmetic(p_form jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := p_form ->> 'form';
  v_result numeric := pgwhen._number(p_form, pgwhen._value(p_form -> 'of' -> 0, p_context));
  v_operand numeric;
begin
  for v_index in 1 .. jsonb_array_length(p_form -> 'of') - 1 loop
    v_operand := pgwhen._number(p_form, pgwhen._value(p_form -> 'of' -> v_index, p_context));
    if v_name = '$div' and v_operand = 0 then
      return pgwhen._refuse_value('WF138', p_form, 'division by zero', 'Test the divisor with $if, or give another with $default.');
    end if;
    v_result := pgwhen._number(p_form, pgwhen._as_json_number(p_form, case v_name
      when '$add' then v_result + v_operand
      when '$sub' then v_result - v_operand
      when '$mul' then v_result * v_operand
      when '$div' then pgwhen._trimmed(v_result / v_operand, greatest(scale(v_result), scale(v_operand)))
    end));
  end loop;
  return pgwhen._as_json_number(p_form, v_result);
end
$$;
comment on function pgwhen._arithmetic(jsonb, jsonb) is '$add, $sub, $mul and $div, exactly.';
