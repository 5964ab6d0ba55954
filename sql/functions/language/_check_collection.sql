-- Things by name, or lists of steps: cases, branches, parts and values. The steps in them are looked at on their own.
create or replace function pgwhen._check_collection(p_kind text, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_wanted constant text := case p_kind when 'cases' then 'an object of values and lists of steps' when 'branches' then 'a list of lists of steps'
    when 'parts' then 'an object of names and shares' else 'an object of names and values' end;
  v_key text;
  v_item jsonb;
  v_share jsonb;
begin
  if (jsonb_typeof(p_value) = 'array') <> (p_kind = 'branches') or jsonb_typeof(p_value) not in ('array', 'object') or p_value in ('[]', '{}') then
    return pgwhen._problem('WF002', p_path, format('%s is not %s', pgwhen._quote(p_value), v_wanted));
  end if;
  if p_kind = 'branches' then
    for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
      v_problems := v_problems || pgwhen._check_kind('steps', p_value -> v_index, format('%s[%s]', p_path, v_index));
    end loop;
    return v_problems;
  end if;
  for v_key, v_item in select * from jsonb_each(p_value) loop
    if p_kind = 'cases' then
      v_problems := v_problems
        || case when jsonb_typeof(v_item) <> 'array' then pgwhen._problem('WF002', p_path || '.' || v_key, format('%s is not a list of steps', pgwhen._quote(v_item)),
          'write [] where nothing is to be done') else '[]' end
        || case when length(v_key) not between 1 and 100 then pgwhen._problem('WF012', p_path || '.' || v_key, 'a case has 1 to 100 characters') else '[]' end;
    elsif p_kind = 'values' and v_key !~ '^[A-Za-z_][A-Za-z0-9_]{0,62}$' then
      v_problems := v_problems || pgwhen._problem('WF006', p_path || '.' || v_key,
        format('%s is not a name for a value', pgwhen._quote(to_jsonb(v_key))), 'letters, digits and _, not a digit first');
    elsif p_kind = 'parts' then
      v_share := case jsonb_typeof(v_item) when 'object' then v_item -> 'share' else v_item end;
      v_problems := v_problems || pgwhen._check_kind('identifier', to_jsonb(v_key), p_path || '.' || v_key)
        || case when jsonb_typeof(v_share) is distinct from 'number' or v_share::numeric not between 0 and 1000000 then
          pgwhen._problem('WF012', p_path || '.' || v_key, format('%s is not a share', coalesce(pgwhen._quote(v_share), 'nothing')), 'a share is a number from 0, such as 50') else '[]' end
        || case when jsonb_typeof(v_item) = 'object' then pgwhen._check_object('{part}', v_item, p_path || '.' || v_key, 'a part') else '[]' end;
    end if;
  end loop;
  if p_kind = 'parts' and v_problems = '[]' and not exists (
    select from jsonb_each(p_value) p where coalesce(p.value -> 'share', p.value) > '0') then
    return pgwhen._problem('WF012', p_path, 'no part has a share above 0', 'shares need not add up to anything: {a: 50, b: 50}');
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_collection(text, jsonb, text) is 'Problems with cases, branches, parts and named values.';
