-- Every leaf with what it compared, so that a condition that did not hold can be read like a sentence. result is what _holds
-- says, of the whole and of each leaf; an operand that cannot be computed makes it unknown here, and the leaf says why.
create or replace function pgwhen._explain_condition(p_condition jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb;
begin
  perform set_config('pgwhen.value_errors', 'unknown', true);
  v_result := jsonb_build_object(
    'result', pgwhen._holds(p_condition, p_context),
    'leaves', pgwhen._explain_leaves(p_condition, p_context, false));
  perform set_config('pgwhen.value_errors', '', true);
  return v_result;
end
$$;
comment on function pgwhen._explain_condition(jsonb, jsonb) is 'What a compiled condition comes to in a context: {result, leaves: [{source, left, left_value, right_value, result, negated}]}.';
