-- PostgreSQL tells only when a path is used: over an empty document a path that is no predicate finds no boolean.
create or replace function pgwhen._is_predicate(p_path text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform jsonb_path_match_tz('{}', p_path::jsonpath);
  return true;
exception
  when singleton_sql_json_item_required then
    return false;
  when data_exception or undefined_object then
    return true;
end
$$;
comment on function pgwhen._is_predicate(text) is 'Whether a SQL/JSON path has a boolean as its result.';
