-- A value stands for an e-mail address or a list of them; an object names an e-mail address, a database login or role, and a
-- telephone number for text messages.
create or replace function pgwhen._compile_approvers(p_approvers jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_list constant jsonb := case jsonb_typeof(p_approvers) when 'array' then p_approvers else jsonb_build_array(p_approvers) end;
  v_result jsonb := pgwhen._result(null);
  v_compiled jsonb := '[]'::jsonb;
  v_item jsonb;
  v_path text;
  v_key text;
  v_value jsonb;
  v_one jsonb;
begin
  if p_approvers is null then
    return pgwhen._result('[]');
  end if;
  for v_place in 0 .. jsonb_array_length(v_list) - 1 loop
    v_item := v_list -> v_place;
    v_path := case jsonb_typeof(p_approvers) when 'array' then format('%s[%s]', p_path, v_place) else p_path end;
    if jsonb_typeof(v_item) <> 'object' or exists (select from jsonb_object_keys(v_item) k where left(k, 1) = '$') then
      v_item := jsonb_build_object('email', v_item);
    else
      v_path := v_path || '.';
    end if;
    v_compiled := v_compiled || '[{}]'::jsonb;
    for v_key, v_value in select e.key, e.value from jsonb_each(v_item) e where e.key in ('email', 'user', 'role', 'phone') loop
      v_one := pgwhen._compile_value(v_value, p_scope, case when v_path like '%.' then v_path || v_key else v_path end, null);
      v_result := pgwhen._join_results(null, v_result, v_one);
      v_compiled := jsonb_set(v_compiled, array[v_place::text, v_key], coalesce(v_one -> 'compiled', 'null'));
      if v_key = 'role' and jsonb_typeof(v_value) = 'string' and v_value::text not like '%{{%'
        and not exists (select from pg_roles r where r.rolname = v_value #>> '{}') then
        v_result := pgwhen._join_results(null, v_result, pgwhen._result(null, pgwhen._problem('WF062', v_path || 'role',
          format('there is no database role %s', pgwhen._quote(v_value)), 'create it before the step is reached', 'warning')));
      end if;
    end loop;
  end loop;
  return v_result || jsonb_build_object('compiled', v_compiled);
end
$$;
comment on function pgwhen._compile_approvers(jsonb, jsonb, text) is 'Typed form of approvers.';
