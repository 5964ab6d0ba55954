create or replace function pgwhen._names(p_path jsonb) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return array(select jsonb_array_elements_text(p_path));
end
$$;
comment on function pgwhen._names(jsonb) is 'A JSON array of names as text[].';
