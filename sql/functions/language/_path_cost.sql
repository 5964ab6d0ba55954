create or replace function pgwhen._path_cost(p_path text, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if pgwhen._path_patterns(p_path, p_place) <> '[]' or not pgwhen._is_valid('jsonpath', p_path) or pgwhen._path_degree(p_path) < 2 and p_path !~ 'like_regex|\*\*' then
    return '{}'::jsonb;
  end if;
  return jsonb_build_object('is_costly', true, 'place', p_place);
end
$$;
comment on function pgwhen._path_cost(text, text) is 'What marks a compiled SQL/JSON path of which the time has to be bounded when it is evaluated.';
