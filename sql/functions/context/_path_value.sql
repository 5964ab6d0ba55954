create or replace function pgwhen._path_value(p_context jsonb, p_path text) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
begin
  if pgwhen._is_many(p_path) then
    -- One more than a list may have, so that the caller sees that there are too many.
    return (
      select coalesce(jsonb_agg(f.value), '[]')
      from (select value from jsonb_path_query_tz(p_context, p_path::jsonpath, '{}', true) value limit 10001) f);
  end if;
  return nullif(jsonb_path_query_first_tz(p_context, p_path::jsonpath, '{}', true), 'null');
end
$$;
comment on function pgwhen._path_value(jsonb, text) is 'What a SQL/JSON path finds in a context: a list where the path has a wildcard, filter or range, else the one value.';
