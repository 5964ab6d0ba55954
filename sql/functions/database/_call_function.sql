-- By name: arguments that are not given have the function's defaults. What returns nothing gives null.
create or replace function pgwhen._call_function(p_spec jsonb, p_context jsonb, p_tenant text, p_search_path text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_function record;
  v_arguments constant jsonb := pgwhen._values_of(coalesce(p_spec -> 'with', '{}'), p_context);
  v_call text;
  v_types text;
  v_unknown text;
  v_result jsonb;
begin
  select f.* into v_function from pgwhen._registered_function(p_spec ->> 'function', p_tenant) f;
  if v_function.function is null then
    raise exception using errcode = 'WF263', message = format('the function %s is gone, or no longer registered', p_spec ->> 'function'),
      hint = format('pgwhen functions register "%s", as its owner.', p_spec ->> 'function');
  end if;
  select string_agg(format('%1$I => v.%1$I', k.key), ', ' order by k.key), string_agg(format('%I %s', k.key, v_function.arguments -> k.key ->> 'type'), ', ' order by k.key),
    min(k.key) filter (where not v_function.arguments ? k.key)
  into v_call, v_types, v_unknown
  from jsonb_object_keys(v_arguments) k (key);
  if v_unknown is not null then
    raise exception using errcode = 'WF263', message = format('the function %s has no argument %s', p_spec ->> 'function', v_unknown),
      hint = 'Change the workflow and publish it again.';
  end if;
  v_call := format('%s(%s)', v_function.name, coalesce(v_call, ''));
  v_result := pgwhen_sandbox.run_statement(
    'select ' || case when v_function.returns_nothing then format('case when (%s) is null then null end', v_call) else v_call end || ' as result'
      || case when v_types is null then '' else format(' from jsonb_to_record($1) v (%s)', v_types) end,
    v_arguments, p_search_path, case when v_function.is_set then 10000 else 1 end, '{}');
  if v_result -> 'more' = 'true' then
    raise exception using errcode = 'WF262', message = format('the function %s returns more than 10000 rows or 1 MB', p_spec ->> 'function'),
      hint = 'Let it return less, or write to a table and query that.';
  end if;
  return case when v_function.is_set then jsonb_path_query_array(v_result, '$.rows[*].result') else nullif(v_result -> 'rows' -> 0 -> 'result', 'null') end;
end
$$;
comment on function pgwhen._call_function(jsonb, jsonb, text, text) is 'Performs a call step: the function''s result as JSON, a list where it returns a set.';
