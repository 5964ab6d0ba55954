-- One operator with its operand, checked against the type of what stands left: from the catalog where that is a column, else
-- from the operand.
create or replace function pgwhen._compile_test(p_operator text, p_left jsonb, p_operand jsonb, p_scope jsonb, p_place text,
  p_source text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_operator record;
  v_type text := p_left ->> 'type';
  v_path jsonb := p_left -> 'compiled' -> 'path';
  v_compared text := p_operator;
  v_right jsonb;
  v_reads jsonb := '[]'::jsonb;
begin
  select o.* into v_operator from pgwhen._operators() o where o.operator = p_operator;
  if v_type <> all (v_operator.types) and v_type <> 'jsonb' and not (v_type = 'bpchar' and 'text' = any (v_operator.types)) then
    return pgwhen._result(null,
      pgwhen._problem('WF021', p_place, format('%s does not work on %s, and %s is %s', p_operator, pgwhen._kind_name(v_type),
        coalesce(p_left -> 'column' ->> 'name', array_to_string(array(select jsonb_array_elements_text(v_path)), '.')),
          coalesce(p_left -> 'column' ->> 'sql_type', v_type)),
      'it works on ' || (select string_agg(distinct pgwhen._kind_name(t), ', ') from unnest(v_operator.types) t)));
  elsif p_operator in ('changed', 'changed_to', 'changed_from') then
    v_path := pgwhen._changed_column(v_path, p_scope);
    if v_path is null then
      return pgwhen._result(null,
        pgwhen._problem('WF026', p_place, format('%s asks about a column of the row that the event changed', p_operator), case
        when p_scope ->> 'place' = 'becomes' then 'becomes compares old and new by itself'
          else 'nothing else has a row before' end));
    end if;
    v_reads := jsonb_build_array(v_path, jsonb_build_array('old', v_path -> 1), '["changed"]'::jsonb);
  end if;
  if v_type = 'jsonb' and p_operator not in ('eq', 'ne', 'in', 'not_in', 'contains', 'changed_to', 'changed_from') then
    v_type := null;
  end if;
  v_type := coalesce(v_type, pgwhen._operand_type(v_operator.operand, p_operand));
  v_right := pgwhen._compile_operand(v_operator.operand, p_operand, v_type, p_left -> 'column',
    coalesce(p_scope -> 'operands', p_scope), p_place);
  if p_operator in ('gt', 'gte', 'lt', 'lte') and jsonb_typeof(p_left -> 'column' -> 'labels') = 'array' and v_right -> 'compiled' <> '{"literal": null}' then
    -- An enum is compared in its own order.
    v_compared := 'in';
    v_right := v_right || jsonb_build_object('compiled', case when v_right -> 'compiled' ? 'literal'
      then jsonb_build_object('literal', pgwhen._labels_beyond(p_left -> 'column' -> 'labels', p_operator, v_right -> 'compiled' ->> 'literal'))
      else jsonb_build_object('labels', p_left -> 'column' -> 'labels', 'op', p_operator, 'of', v_right -> 'compiled') end);
  end if;
  return v_right || jsonb_build_object('reads', (v_right -> 'reads') || v_reads, 'compiled',
    jsonb_build_object('op', v_compared, 'left', v_path,
    'type', coalesce(v_type, v_right ->> 'type', 'jsonb'), 'right', v_right -> 'compiled', 'source', p_source));
end
$$;
comment on function pgwhen._compile_test(text, jsonb, jsonb, jsonb, text, text) is 'Typed form of an operator with its operand.';
