create or replace function pgwhen._path_form(p_value jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found jsonb;
begin
  if p_value ? 'is_costly' and not pgwhen._is_affordable(p_value, p_context) then
    return null;
  end if;
  v_found := coalesce(pgwhen._path_value(p_context, p_value ->> 'jsonpath'), nullif(p_value -> 'default', 'null'));
  if jsonb_typeof(v_found) = 'array' then
    v_found := pgwhen._list(p_value, v_found);
  end if;
  return v_found;
end
$$;
comment on function pgwhen._path_form(jsonb, jsonb) is '$path: what a SQL/JSON path finds in a context; null where it is missing.';
