-- date and timestamptz are compared in the session's zone, hence the pinned one.
create or replace function pgwhen._path_matches(p_context jsonb, p_path text) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
begin
  return jsonb_path_match_tz(p_context, p_path::jsonpath, '{}', true);
end
$$;
comment on function pgwhen._path_matches(jsonb, text) is 'Result of a SQL/JSON path predicate over a context; null (unknown) where it raises or is no predicate.';
