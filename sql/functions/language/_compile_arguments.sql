-- The written list of what a form takes: {$add: [a, b]}. What is in a list of the data goes to $sum.
create or replace function pgwhen._compile_arguments(p_kind text, p_value jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null);
  v_list jsonb := '[]'::jsonb;
  v_types text[] := '{}'::text[];
  v_one jsonb;
begin
  if jsonb_typeof(p_value) <> 'array' or p_value = '[]' or (p_kind = 'pair' and jsonb_array_length(p_value) <> 2) then
    return pgwhen._result(null, pgwhen._problem('WF070', p_place, format('%s is not a list of %s', pgwhen._quote(p_value),
      case p_kind when 'pair' then 'two numbers' when 'numbers' then 'numbers' else 'values' end),
      case when p_kind = 'values' then 'write it like ["{{ job.title }}", "untitled"]'
        else 'write it like ["{{ job.total }}", 5]; the sum of a list is $sum' end));
  end if;
  for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
    v_one := pgwhen._compile_value(p_value -> v_index, p_scope, format('%s[%s]', p_place, v_index), case when p_kind <> 'values' then 'numeric' end);
    v_list := v_list || jsonb_build_array(v_one -> 'compiled');
    v_types := v_types || coalesce(v_one ->> 'type', '');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', v_list, 'type', (select min(t) from unnest(v_types) t having min(t) = max(t)));
end
$$;
comment on function pgwhen._compile_arguments(text, jsonb, jsonb, text) is 'Typed form of a written list of arguments of a form.';
