-- A path that compares two lists looks at every pair, and PostgreSQL sets no limit to that: 4,096 values take a second. The text that
-- a regular expression of a path reads is bounded with it.
create or replace function pgwhen._is_affordable(p_path jsonb, p_context jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if pg_column_size(p_context) <= 65536
    or (pg_column_size(p_context) <= 1048576 and not exists (select from jsonb_path_query(p_context, 'strict $.**') offset 4096)) then
    return true;
  elsif current_setting('pgwhen.value_errors', true) is distinct from 'unknown' then
    perform pgwhen._refuse_value('WF139', p_path, format('%s compares lists or uses a regular expression, and what it reads is too large',
      pgwhen._quote(coalesce(p_path -> 'jsonpath', p_path -> 'path'))), 'Use a map with operators, $filter, or a query step.');
  end if;
  return false;
end
$$;
comment on function pgwhen._is_affordable(jsonb, jsonb) is 'Whether a SQL/JSON path that may take long can be evaluated over a context: refused where not, or false where a trigger is judged.';
