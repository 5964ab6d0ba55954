-- One approver or a list of them, as far as that can be seen without compiling.
create or replace function pgwhen._check_approvers(p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_list constant jsonb := case jsonb_typeof(p_value) when 'array' then p_value else jsonb_build_array(p_value) end;
  v_problems jsonb := '[]'::jsonb;
  v_item jsonb;
  v_path text;
begin
  if v_list = '[]' then
    return pgwhen._problem('WF002', p_path, 'there are no approvers');
  end if;
  for v_place in 0 .. jsonb_array_length(v_list) - 1 loop
    v_item := v_list -> v_place;
    v_path := case jsonb_typeof(p_value) when 'array' then format('%s[%s]', p_path, v_place) else p_path end;
    if jsonb_typeof(v_item) = 'string' and (v_item #>> '{}' like '%{{%' or v_item #>> '{}' like '%_@_%') then
      continue;
    elsif jsonb_typeof(v_item) <> 'object' then
      v_problems := v_problems || pgwhen._problem('WF060', v_path, format('%s is not an approver', pgwhen._quote(v_item)),
        'write an e-mail address, "{{ path }}", {user: LOGIN}, {role: ROLE} or {email: ...}');
    elsif exists (select from jsonb_object_keys(v_item) k where left(k, 1) = '$') then
      continue;
    else
      v_problems := v_problems || pgwhen._check_object('{approver}', v_item, v_path, 'an approver');
      if not v_item ?| '{email,user,role,phone}' or v_item ? 'role' and v_item ?| '{email,user,phone}' then
        v_problems := v_problems || pgwhen._problem('WF060', v_path, 'an approver has role, or one or more of email, user and phone');
      end if;
    end if;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_approvers(jsonb, text) is 'Problems with the approvers of a step.';
