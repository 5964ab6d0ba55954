-- A value against the part of JSON Schema that pollers announce: type, enum, properties, required, additionalProperties, items, anyOf. What
-- holds a template is known only when it is rendered: alone it may be of any type, within other text it is a text.
create or replace function pgwhen._check_parameters(p_schema jsonb, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is constant text := jsonb_typeof(p_value);
  v_types constant jsonb := case jsonb_typeof(p_schema -> 'type') when 'string' then jsonb_build_array(p_schema -> 'type') else p_schema -> 'type' end;
  v_problems jsonb := '[]'::jsonb;
  v_one jsonb;
  v_key text;
  v_item jsonb;
begin
  if v_is = 'string' and p_value #>> '{}' ~ '^\s*\{\{.*\}\}\s*$' then
    return v_problems;
  end if;
  if p_schema ? 'anyOf' then
    for v_item in select * from jsonb_array_elements(p_schema -> 'anyOf') loop
      v_one := pgwhen._check_parameters(v_item, p_value, p_path);
      if v_one = '[]' then
        return v_one;
      end if;
      -- Of the choices the one of the value's own type says best what is wrong.
      if v_problems = '[]' or v_item ->> 'type' = v_is then
        v_problems := v_one;
      end if;
    end loop;
    return v_problems;
  end if;
  if v_types is not null and not v_types ? v_is
      and not (v_is = 'number' and v_types ? 'integer' and p_value::numeric = trunc(p_value::numeric)) then
    return pgwhen._problem('WF443', p_path, format('%s is not of the type %s', pgwhen._quote(p_value),
      (select string_agg(t, ' or ') from jsonb_array_elements_text(v_types) t)));
  end if;
  if p_schema ? 'enum' and not p_schema -> 'enum' @> jsonb_build_array(p_value)
      and not (v_is = 'string' and p_value #>> '{}' ~ '\{[{%]') then
    return pgwhen._problem('WF443', p_path, format('%s is not one of %s', pgwhen._quote(p_value),
      (select string_agg(pgwhen._quote(e), ', ') from jsonb_array_elements(p_schema -> 'enum') e)));
  end if;
  if v_is = 'array' and jsonb_typeof(p_schema -> 'items') = 'object' then
    for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
      v_problems := v_problems || pgwhen._check_parameters(p_schema -> 'items', p_value -> v_index, format('%s[%s]', p_path, v_index));
    end loop;
  elsif v_is = 'object' then
    for v_key, v_item in select * from jsonb_each(p_value) loop
      if p_schema -> 'properties' ? v_key then
        v_problems := v_problems || pgwhen._check_parameters(p_schema -> 'properties' -> v_key, v_item, p_path || '.' || v_key);
      elsif p_schema -> 'additionalProperties' = 'false' then
        v_problems := v_problems || pgwhen._problem('WF443', p_path || '.' || v_key, format('there is no parameter %s', pgwhen._quote(to_jsonb(v_key))),
          coalesce('did you mean ' || pgwhen._nearest(v_key, array(select jsonb_object_keys(p_schema -> 'properties'))) || '?',
            'there is ' || (select string_agg(k, ', ') from jsonb_object_keys(p_schema -> 'properties') k)));
      elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
        v_problems := v_problems || pgwhen._check_parameters(p_schema -> 'additionalProperties', v_item, p_path || '.' || v_key);
      end if;
    end loop;
    for v_key in select * from jsonb_array_elements_text(coalesce(p_schema -> 'required', '[]')) loop
      if not p_value ? v_key then
        v_problems := v_problems || pgwhen._problem('WF443', p_path, format('the parameter %s is missing', v_key));
      end if;
    end loop;
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_parameters(jsonb, jsonb, text) is 'Problems with the parameters of a custom action, by its JSON Schema.';
