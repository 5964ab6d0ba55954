-- What a SQL/JSON path may do at most: PostgreSQL evaluates it to the end, however long that takes.
create or replace function pgwhen._path_bounds(p_path text, p_place text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if length(p_path) > 2000 then
    return pgwhen._problem('WF073', p_place, 'the path has more than 2,000 characters', 'divide it with all, any and not');
  elsif pgwhen._path_degree(p_path) > 2
    or cardinality(regexp_split_to_array(regexp_replace(p_path::jsonpath::text, '"(?:[^"\\]|\\.)*"', '""', 'g'), '\.\*\*')) > 2 then
    return pgwhen._problem('WF073', p_place, 'the path compares too many lists with each other',
      'compare two lists at most, with one .** in it; use $filter, or a query step');
  end if;
  return '[]'::jsonb;
end
$$;
comment on function pgwhen._path_bounds(text, text) is 'Problems with how long a SQL/JSON path could take.';
