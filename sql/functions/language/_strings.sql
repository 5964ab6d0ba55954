-- Every string of a value with its path: what the poller renders.
create or replace function pgwhen._strings(p_value jsonb, p_path text) returns table (path text, text text)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key text;
  v_item jsonb;
begin
  case jsonb_typeof(p_value)
    when 'string' then
      path := p_path;
      text := p_value #>> '{}';
      return next;
    when 'array' then
      for v_key, v_item in select e.ordinality - 1, e.value from jsonb_array_elements(p_value) with ordinality e loop
        return query select * from pgwhen._strings(v_item, format('%s[%s]', p_path, v_key));
      end loop;
    when 'object' then
      for v_key, v_item in select * from jsonb_each(p_value) loop
        return query select * from pgwhen._strings(v_item, p_path || '.' || v_key);
      end loop;
    else
      null;
  end case;
end
$$;
comment on function pgwhen._strings(jsonb, text) is 'Every string in a value, with its path.';
