-- A condition of the language on the row alone, as becomes has it.
create or replace function pgwhen._compile_filter(p_where jsonb, p_table text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_table jsonb := pgwhen._find_table(p_table, v_tenant);
  v_result jsonb;
  v_problem jsonb;
begin
  v_result := pgwhen._compile_condition(p_where, jsonb_build_object('tenant', v_tenant, 'vars', '{}'::jsonb, 'starts', '{"table": true}'::jsonb,
    'steps', '{}'::jsonb, 'timezone', 'UTC', 'records', jsonb_build_object(v_table ->> 'alias', v_table), 'bare', 'row',
    'bare_alias', v_table -> 'alias', 'place', 'becomes'), 'where');
  select p.value into v_problem from jsonb_array_elements(v_result -> 'problems') p where p.value ->> 'severity' = 'error' limit 1;
  if v_problem is not null then
    raise exception using errcode = 'WF165', message = format('the filter has a problem: %s', v_problem ->> 'message'),
      detail = v_problem ->> 'path', hint = coalesce(v_problem ->> 'hint', 'It is a condition on columns of the table, such as {"status": "new"}.');
  end if;
  return v_result -> 'compiled';
end
$$;
comment on function pgwhen._compile_filter(jsonb, text) is 'Typed form of a condition on the rows of a table; raises WF165 with what is wrong with it.';
