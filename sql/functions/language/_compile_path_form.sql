create or replace function pgwhen._compile_path_form(p_argument jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb;
begin
  if jsonb_typeof(p_argument) <> 'string' or left(p_argument #>> '{}', 1) <> '$' then
    return pgwhen._result(null, pgwhen._problem('WF022', p_place, '$path takes a SQL/JSON path',
      'write it like {$path: "$.job.items[*].total"}'));
  end if;
  v_result := pgwhen._compile_jsonpath(p_argument #>> '{}', p_scope, p_place, false);
  return v_result || jsonb_build_object('compiled', jsonb_build_object('jsonpath', p_argument, 'place', p_place)
      || pgwhen._path_cost(p_argument #>> '{}', p_place),
    'type', case when pgwhen._is_many(p_argument #>> '{}') then 'array' end);
end
$$;
comment on function pgwhen._compile_path_form(jsonb, jsonb, text) is 'Typed form of {$path: ...}.';
