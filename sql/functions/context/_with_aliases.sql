create or replace function pgwhen._with_aliases(p_record jsonb, p_columns jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_record jsonb := p_record;
  v_entry jsonb;
begin
  for v_entry in select c.entry from jsonb_array_elements(p_columns) c (entry) where c.entry ? 'as' loop
    if p_record ? (v_entry ->> 'column') then
      v_record := v_record || jsonb_build_object(v_entry ->> 'as', p_record -> (v_entry ->> 'column'));
    end if;
  end loop;
  return v_record;
end
$$;
comment on function pgwhen._with_aliases(jsonb, jsonb) is 'A record with the other names under which a definition refers to its columns (first_name as firstName).';
