-- People write 5, or a=1,b=2; events hold the key as the row has it in JSON. A value is cast to its column's type and back;
-- that touches no table.
create or replace function pgwhen._record_key(p_relation regclass, p_key_columns text[], p_key jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
as $$
declare
  v_key jsonb := p_key;
  v_result jsonb := '{}'::jsonb;
  v_name text;
  v_type text;
  v_value jsonb;
begin
  if cardinality(p_key_columns) = 0 then
    raise exception using errcode = 'WF136', message = format('%s had no primary key when it was attached', p_relation),
      hint = 'Give it a primary key and attach it again, or explain one of its events.';
  end if;
  if jsonb_typeof(v_key) <> 'object' then
    v_key := jsonb_build_object(p_key_columns[1], v_key);
  end if;
  if (select array_agg(k order by k collate "C") from jsonb_object_keys(v_key) k)
      is distinct from (select array_agg(k order by k collate "C") from unnest(p_key_columns) k) then
    raise exception using errcode = 'WF136', message = format('%s is not a key of %s', p_key, p_relation),
      detail = format('Its key is %s.', array_to_string(p_key_columns, ', ')),
      hint = format('Write %s.', (select string_agg(c || '=...', ',') from unnest(p_key_columns) c));
  end if;
  foreach v_name in array p_key_columns loop
    select format_type(a.atttypid, -1) into v_type from pg_attribute a
    where a.attrelid = p_relation and a.attname = v_name and not a.attisdropped;
    begin
      -- Dynamic: the type's name.
      execute format('select to_jsonb(($1)::%s)', coalesce(v_type, 'text')) into v_value using v_key ->> v_name;
    exception
      when data_exception then
        raise exception using errcode = 'WF136', message = format('%s is not a value of %s.%s', v_key -> v_name, p_relation, v_name),
          detail = format('The column is %s.', v_type), hint = 'Give the value as the table holds it.';
    end;
    v_result := v_result || jsonb_build_object(v_name, v_value);
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._record_key(regclass, text[], jsonb) is 'A key as people write it (a value, or an object of columns) as events hold it; raises WF136.';
