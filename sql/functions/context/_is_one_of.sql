-- A null in the list stands for a missing value and makes nothing else unknown: SQL's trap with NOT IN is not repeated.
create or replace function pgwhen._is_one_of(p_left jsonb, p_list jsonb, p_type text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_list jsonb := case when jsonb_typeof(p_list) = 'array' then p_list else jsonb_build_array(p_list) end;
  v_unknown boolean;
  v_equal boolean;
begin
  if p_list is null then
    return null;
  elsif p_left is null then
    return case when v_list @> '[null]' then true end;
  end if;
  for v_index in 0 .. jsonb_array_length(v_list) - 1 loop
    if v_list -> v_index <> 'null' then
      v_equal := pgwhen._compare(p_left, v_list -> v_index, p_type) = 0;
      if v_equal then
        return true;
      end if;
      v_unknown := v_unknown or v_equal is null;
    end if;
  end loop;
  return case when v_unknown then null else false end;
end
$$;
comment on function pgwhen._is_one_of(jsonb, jsonb, text) is 'Whether a value equals an element of a list, as a type; null for unknown.';
