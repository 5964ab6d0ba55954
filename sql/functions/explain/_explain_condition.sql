-- Every leaf with what it compared, so that a condition that did not hold can be read like a sentence. result is what _holds
-- says, of the whole and of each leaf.
create or replace function pgwhen._explain_condition(p_condition jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return jsonb_build_object(
    'result', pgwhen._holds(p_condition, p_context),
    'leaves', pgwhen._explain_leaves(p_condition, p_context, false));
end
$$;
comment on function pgwhen._explain_condition(jsonb, jsonb) is 'What a compiled condition comes to in a context: {result, leaves: [{source, left, left_value, right_value, result, negated}]}.';
