create or replace function pgwhen._path_value(p_context jsonb, p_path text) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
begin
  if p_path ~ '[*?]|\[[^]]*(,|\mto\M)' then
    return jsonb_path_query_array_tz(p_context, p_path::jsonpath, '{}', true);
  end if;
  return nullif(jsonb_path_query_first_tz(p_context, p_path::jsonpath, '{}', true), 'null');
end
$$;
comment on function pgwhen._path_value(jsonb, text) is 'What a SQL/JSON path finds in a context: a list where the path has a wildcard, filter or range, else the one value.';
