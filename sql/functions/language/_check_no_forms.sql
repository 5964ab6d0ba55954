-- In what the poller renders an object is an object: {$sum: ...} would be sent as it stands.
create or replace function pgwhen._check_no_forms(p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_row record;
begin
  if p_value::text not like '%"$%' then
    return v_problems;
  end if;
  for v_row in
    select e.key, e.value, p_path || '.' || e.key as path from jsonb_each(case jsonb_typeof(p_value) when 'object' then p_value else '{}' end) e
    union all
    select null, e.value, format('%s[%s]', p_path, e.ordinality - 1)
    from jsonb_array_elements(case jsonb_typeof(p_value) when 'array' then p_value else '[]' end) with ordinality e
  loop
    if exists (select from pgwhen._forms() f where f.form = v_row.key) then
      v_problems := v_problems || pgwhen._problem('WF074', v_row.path, format('%s is not evaluated in a template', v_row.key),
        'make the value in a transform step before, and write "{{ steps.<id>.output.<name> }}"');
    else
      v_problems := v_problems || pgwhen._check_no_forms(v_row.value, v_row.path);
    end if;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_no_forms(jsonb, text) is 'Problems with forms that stand where the poller renders templates.';
