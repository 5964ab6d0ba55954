create or replace function pgwhen._compile_where(p_condition jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._compile_condition(p_condition, p_scope, p_place);
begin
  if jsonb_path_exists(v_result -> 'compiled', 'strict $.** ? (@.op == "jsonpath")') then
    return pgwhen._result(null, pgwhen._problem('WF050', p_place, 'a SQL/JSON path looks at the context, not at the rows of a table',
      'write columns and tests: {status: open, total: {gt: 5}}'));
  end if;
  return v_result;
end
$$;
comment on function pgwhen._compile_where(jsonb, jsonb, text) is 'Typed form of a condition on the rows of a table (scope.row).';
