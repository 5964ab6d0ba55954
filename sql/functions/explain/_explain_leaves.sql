-- Why an operand could not be computed is part of the explanation; elsewhere the leaf is just unknown (_refuse_value).
create or replace function pgwhen._explain_leaves(p_condition jsonb, p_context jsonb, p_negated boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_op text := p_condition ->> 'op';
  v_leaf jsonb;
  v_leaves jsonb := '[]'::jsonb;
  v_problem text;
begin
  if v_op is null then
    return '[]'::jsonb;
  elsif v_op = 'not' then
    return pgwhen._explain_leaves(p_condition -> 'of', p_context, not p_negated);
  elsif v_op in ('all', 'any') then
    for v_index in 0 .. jsonb_array_length(p_condition -> 'of') - 1 loop
      v_leaves := v_leaves || pgwhen._explain_leaves(p_condition -> 'of' -> v_index, p_context, p_negated);
    end loop;
    return v_leaves;
  end if;
  v_leaf := jsonb_build_object('source', coalesce(p_condition ->> 'source', p_condition ->> 'path', v_op),
    'result', pgwhen._holds(p_condition, p_context), 'negated', p_negated);
  if v_op <> 'jsonpath' then
    v_leaf := v_leaf || jsonb_build_object('left', array_to_string(pgwhen._names(p_condition -> 'left'), '.'),
      'left_value', pgwhen._at(p_context, p_condition -> 'left'), 'right_value', pgwhen._operand(p_condition -> 'right', p_context));
    if p_condition -> 'right' ?| '{form,concat,list,object,jsonpath,labels,now}' then
      v_leaf := v_leaf || jsonb_build_object('is_computed', true);
    end if;
  end if;
  if v_op in ('changed', 'changed_to', 'changed_from') then
    v_leaf := v_leaf || jsonb_build_object('old_value', pgwhen._at(p_context -> 'old', (p_condition -> 'left') - 0));
  end if;
  begin
    perform set_config('pgwhen.value_errors', '', true);
    perform pgwhen._holds(p_condition, p_context);
  exception when sqlstate 'WF137' or sqlstate 'WF138' or sqlstate 'WF139' then
    v_problem := sqlerrm;
    v_leaf := v_leaf || jsonb_build_object('problem', v_problem);
  end;
  perform set_config('pgwhen.value_errors', 'unknown', true);
  return jsonb_build_array(v_leaf);
end
$$;
comment on function pgwhen._explain_leaves(jsonb, jsonb, boolean) is 'The leaves of a compiled condition with their values and results; negated says that the condition wants the leaf not to hold.';
