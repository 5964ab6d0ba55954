create or replace function pgwhen._compile_loop(p_step jsonb, p_scope jsonb, p_path text, p_is_node boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null, pgwhen._check_loop(p_step, p_scope, p_path, p_is_node));
  v_on_item_error constant jsonb := coalesce(p_step -> 'on_item_error', '"fail"');
  v_compiled jsonb := jsonb_strip_nulls(jsonb_build_object('as', p_step -> 'as', 'max', p_step -> 'max',
    'at_once', coalesce(p_step -> 'at_once', '1'),
    'failed_limit', case when jsonb_typeof(v_on_item_error) = 'object' then v_on_item_error -> 'max' when v_on_item_error = '"fail"' then '0' end));
  v_one jsonb;
begin
  if p_step ? 'while' then
    -- Its condition is asked with the index to come and the result of the iteration before.
    v_one := pgwhen._compile_condition(p_step -> 'while', p_scope || jsonb_build_object('items', coalesce(p_scope -> 'items', '{}')
        || jsonb_build_object('item', '{}'::jsonb, coalesce(p_step ->> 'as', 'item'), '{}'::jsonb)), p_path || '.while');
    v_one := v_one || jsonb_build_object('reads', (
      select coalesce(jsonb_agg(r), '[]') from jsonb_array_elements(v_one -> 'reads') r
      where r ->> 0 not in ('item', 'index', coalesce(p_step ->> 'as', 'item'))));
    v_compiled := v_compiled || jsonb_build_object('kind', 'while', 'while', v_one -> 'compiled');
  elsif jsonb_typeof(p_step -> 'over') = 'object' and not pgwhen._is_form(p_step -> 'over') then
    v_one := pgwhen._compile_statement(jsonb_build_object('type', 'query') || (p_step -> 'over'), p_scope, p_path || '.over');
    if v_one -> 'compiled' ? 'table' and pgwhen._key_columns((v_one -> 'compiled' ->> 'table')::regclass) = '{}' then
      v_one := v_one || jsonb_build_object('problems', pgwhen._problem('WF042', p_path || '.over',
        format('%s has no primary key, by which its rows are read page by page', p_step -> 'over' ->> 'table'),
        'use a query step, and its rows: over: "{{ steps.<id>.output.rows }}"'));
    end if;
    v_compiled := v_compiled || jsonb_build_object('kind', 'table', 'table', v_one -> 'compiled');
  elsif p_step ? 'over' then
    v_one := pgwhen._compile_value(p_step -> 'over', p_scope, p_path || '.over', 'array');
    v_compiled := v_compiled || jsonb_build_object('kind', 'list', 'over', v_one -> 'compiled');
  end if;
  return pgwhen._join_results(v_compiled, v_result, coalesce(v_one, pgwhen._result(null)));
end
$$;
comment on function pgwhen._compile_loop(jsonb, jsonb, text, boolean) is 'Typed form of a loop, with what is wrong with it.';
