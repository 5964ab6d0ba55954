create or replace function pgwhen._composite_key(p_record jsonb, p_from_columns jsonb, p_to_columns jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key jsonb := '{}'::jsonb;
begin
  for v_index in 0 .. jsonb_array_length(p_from_columns) - 1 loop
    if coalesce(p_record -> (p_from_columns ->> v_index), 'null') = 'null' then
      return null;
    end if;
    v_key := v_key || jsonb_build_object(p_to_columns ->> v_index, p_record -> (p_from_columns ->> v_index));
  end loop;
  return v_key;
end
$$;
comment on function pgwhen._composite_key(jsonb, jsonb, jsonb) is 'Key that a foreign key of several columns refers to; null where one of them is null.';
