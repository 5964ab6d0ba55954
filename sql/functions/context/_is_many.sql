-- Strings are left out first, so that a key such as "a?" decides nothing.
create or replace function pgwhen._is_many(p_path text) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return regexp_replace(p_path, '"(?:[^"\\]|\\.)*"', '""', 'g') ~ '\[\s*\*|\.\s*\*|\?|\[[^]]*(,|\mto\M)';
end
$$;
comment on function pgwhen._is_many(text) is 'Whether a SQL/JSON path can name several values: by a wildcard, filter or range.';
