-- A match is judged when there is no execution at hand, so what it compares with is computed before and given to it: each operand
-- that is no literal becomes the path of its place in a list. Result: condition, and given, the values in their order.
create or replace function pgwhen._give_operands(p_condition jsonb, p_given jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_given jsonb := p_given;
  v_of jsonb := '[]'::jsonb;
  v_one jsonb;
begin
  if p_condition ? 'right' then
    if p_condition -> 'right' ? 'literal' then
      return jsonb_build_object('condition', p_condition, 'given', v_given);
    end if;
    return jsonb_build_object('condition', p_condition || jsonb_build_object('right',
        jsonb_build_object('path', jsonb_build_array('(given)', jsonb_array_length(v_given)::text))),
      'given', v_given || jsonb_build_array(p_condition -> 'right'));
  elsif jsonb_typeof(p_condition -> 'of') = 'object' then
    v_one := pgwhen._give_operands(p_condition -> 'of', v_given);
    return v_one || jsonb_build_object('condition', p_condition || jsonb_build_object('of', v_one -> 'condition'));
  elsif jsonb_typeof(p_condition -> 'of') = 'array' then
    for v_index in 0 .. jsonb_array_length(p_condition -> 'of') - 1 loop
      v_one := pgwhen._give_operands(p_condition -> 'of' -> v_index, v_given);
      v_given := v_one -> 'given';
      v_of := v_of || jsonb_build_array(v_one -> 'condition');
    end loop;
    return jsonb_build_object('condition', p_condition || jsonb_build_object('of', v_of), 'given', v_given);
  end if;
  return jsonb_build_object('condition', p_condition, 'given', v_given);
end
$$;
comment on function pgwhen._give_operands(jsonb, jsonb) is 'A compiled condition whose operands are given as a list.';
