create or replace function pgwhen._compile_call(p_step jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_function record;
  v_given constant jsonb := case when jsonb_typeof(p_step -> 'with') = 'object' then p_step -> 'with' else '{}' end;
  v_result jsonb := pgwhen._result(null);
  v_compiled jsonb := '{}'::jsonb;
  v_one jsonb;
  v_row record;
begin
  if jsonb_typeof(p_step -> 'function') is distinct from 'string' then
    return v_result;
  end if;
  select f.* into v_function from pgwhen._registered_function(p_step ->> 'function', p_scope ->> 'tenant') f;
  if v_function.function is null then
    return pgwhen._result(null, pgwhen._problem('WF054', p_path || '.function', format('%s is not a registered function', pgwhen._quote(p_step -> 'function')),
      coalesce('did you mean ' || pgwhen._nearest(p_step ->> 'function', array(
          select r.function_name from pgwhen.registered_functions r where r.tenant = p_scope ->> 'tenant')) || '?',
        format('as its owner: pgwhen functions register %s', pgwhen._quote(p_step -> 'function')))));
  elsif v_function.count > 1 then
    return pgwhen._result(null, pgwhen._problem('WF018', p_path || '.function', format('%s is ambiguous', p_step ->> 'function'), 'write ' || (
      select string_agg(f.signature, ' or ') from pgwhen._registered_function(p_step ->> 'function', p_scope ->> 'tenant') f)));
  end if;
  for v_row in
    select g.name, v_given -> g.name as value, v_function.arguments -> g.name as argument, p_path || '.with.' || g.name as place
    from (select k as name from jsonb_object_keys(v_given) k union select r from unnest(v_function.required) r) g
    order by g.name
  loop
    v_one := case
      when v_row.argument is null then pgwhen._result(null, pgwhen._problem('WF055', v_row.place, format('%s has no argument %s', v_function.signature, v_row.name),
        coalesce('it has ' || (select string_agg(a, ', ') from jsonb_object_keys(v_function.arguments) a), 'it has none')))
      when v_row.value is null then pgwhen._result(null, pgwhen._problem('WF055', p_path, format('%s needs the argument %s', v_function.signature, v_row.name)))
      when v_row.argument ->> 'kind' = 'jsonb' and not (jsonb_typeof(v_row.value) in ('object', 'array') or v_row.value #>> '{}' like '%{{%')
        then pgwhen._result(jsonb_build_object('literal', v_row.value))
      else pgwhen._compile_value(v_row.value, p_scope, v_row.place, v_row.argument ->> 'kind') end;
    v_compiled := v_compiled || jsonb_build_object(v_row.name, v_one -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', jsonb_build_object('function', v_function.signature, 'with', v_compiled),
    'problems', (v_result -> 'problems') || pgwhen._check_callable(v_function.function, p_path || '.function'));
end
$$;
comment on function pgwhen._compile_call(jsonb, jsonb, text) is 'Typed form of a call step.';
