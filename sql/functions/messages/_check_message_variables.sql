create or replace function pgwhen._check_message_variables(p_variables jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_types constant text[] := array['text', 'number', 'date', 'datetime', 'boolean', 'url', 'list', 'object'];
  c_keys constant text[] := array['type', 'required', 'description', 'example'];
  v_problems jsonb := '[]'::jsonb;
  v_name text;
  v_spec jsonb;
  v_key text;
begin
  if jsonb_typeof(p_variables) <> 'object' then
    return pgwhen._problem('WF002', p_path, format('%s is not an object of names and {type, required, description, example}', pgwhen._quote(p_variables)));
  end if;
  for v_name, v_spec in select * from jsonb_each(p_variables) loop
    if v_name !~ '^[a-z][a-z0-9_]{0,39}$' or v_name = 'unsubscribe_url' then
      v_problems := v_problems || pgwhen._problem('WF006', p_path || '.' || v_name, format('%s cannot be the name of a variable', pgwhen._quote(to_jsonb(v_name))),
        'a name has up to 40 of a-z, 0-9 and _, the first of them a letter');
    elsif jsonb_typeof(v_spec) <> 'object' then
      v_problems := v_problems || pgwhen._problem('WF002', p_path || '.' || v_name, format('%s is not {type, required, description, example}', pgwhen._quote(v_spec)));
    else
      for v_key in select k from jsonb_object_keys(v_spec) k where k <> all (c_keys) loop
        v_problems := v_problems || pgwhen._problem('WF003', format('%s.%s.%s', p_path, v_name, v_key), format('a variable has no key %s', pgwhen._quote(to_jsonb(v_key))),
          coalesce('did you mean ' || pgwhen._nearest(v_key, c_keys) || '?', 'it has ' || array_to_string(c_keys, ', ')));
      end loop;
      if v_spec ? 'type' and (jsonb_typeof(v_spec -> 'type') <> 'string' or v_spec ->> 'type' <> all (c_types)) then
        v_problems := v_problems || pgwhen._problem('WF012', format('%s.%s.type', p_path, v_name), format('%s is not a type of variables', pgwhen._quote(v_spec -> 'type')),
          coalesce('did you mean ' || pgwhen._nearest(v_spec ->> 'type', c_types) || '?', 'types are ' || array_to_string(c_types, ', ')));
      end if;
      if v_spec ? 'required' and jsonb_typeof(v_spec -> 'required') <> 'boolean' then
        v_problems := v_problems || pgwhen._problem('WF002', format('%s.%s.required', p_path, v_name), format('%s is not true or false', pgwhen._quote(v_spec -> 'required')));
      end if;
    end if;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_message_variables(jsonb, text) is 'Problems with the declared variables of a stored template.';
