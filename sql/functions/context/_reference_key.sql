-- A foreign key of which a column is null refers to nothing.
create or replace function pgwhen._reference_key(p_record jsonb, p_from_columns jsonb, p_to_columns jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key jsonb := '{}';
  v_part jsonb;
begin
  for v_index in 0 .. jsonb_array_length(p_from_columns) - 1 loop
    v_part := nullif(p_record -> (p_from_columns ->> v_index), 'null');
    if v_part is null then
      return null;
    end if;
    v_key := v_key || jsonb_build_object(p_to_columns ->> v_index, v_part);
  end loop;
  return v_key;
end
$$;
comment on function pgwhen._reference_key(jsonb, jsonb, jsonb) is 'Key of the row that a record''s foreign key points to; null where it points to none.';
