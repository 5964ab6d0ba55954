-- A SQL/JSON path over the context. PostgreSQL's own parser says whether it is one and writes it canonically, every key in
-- quotes, so that the parts of the context that it reads can be told apart from strings that look like them. The whole context
-- is not offered: a path has to say which root it wants.
create or replace function pgwhen._compile_jsonpath(p_text text, p_scope jsonb, p_place text,
  p_is_condition boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null);
  v_token text;
  v_path text[];
  v_found jsonb;
  v_problem jsonb;
begin
  v_problem := pgwhen._path_patterns(p_text, p_place);
  if v_problem <> '[]' then
    return pgwhen._result(null, v_problem);
  elsif not pgwhen._is_valid('jsonpath', p_text) then
    return pgwhen._result(null,
      pgwhen._problem('WF022', p_place, format('%s is not a SQL/JSON path', pgwhen._quote(to_jsonb(p_text))),
      'names with other characters than letters, digits and _ stand in double quotes: $.job."my-column"'));
  elsif p_is_condition and not pgwhen._is_predicate(p_text) then
    return pgwhen._result(null,
      pgwhen._problem('WF022', p_place, format('%s is a path, not a predicate', pgwhen._quote(to_jsonb(p_text))),
      'compare it with something ($.job.total > 5), or write a map ({job.total: {is_not_empty: true}})'));
  end if;
  v_problem := pgwhen._path_bounds(p_text, p_place);
  if v_problem <> '[]' then
    return pgwhen._result(null, v_problem);
  end if;
  for v_token in
    select m[1] from regexp_matches(p_text::jsonpath::text,
      '(\$(?:\."(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*")*|"(?:[^"\\]|\\.)*")', 'g') m
  loop
    continue when left(v_token, 1) = '"';
    if v_token ~ '^\$"' then
      return pgwhen._result(null,
        pgwhen._problem('WF022', p_place, 'a path has no variables here', 'write the value itself, or use a map'));
    end if;
    v_path := array(select (m[1]::jsonb) #>> '{}' from regexp_matches(v_token, '\.("(?:[^"\\]|\\.)*")', 'g') m);
    if cardinality(v_path) = 0 then
      return pgwhen._result(null,
        pgwhen._problem('WF022', p_place, 'the path reads the whole context', 'begin with a root: $.job, $.new, $.steps.<id>'));
    elsif p_scope ->> 'place' = 'becomes' and not coalesce(p_scope -> 'locals' ? v_path[1], false) then
      -- The row is the whole of what is judged.
      v_path := array['new'] || v_path;
    end if;
    -- As in templates the text stays as it is, so that rows and columns are needed under the names written.
    v_found := pgwhen._resolve_path(v_path, p_scope, true);
    v_problem := coalesce(v_found -> 'problem', v_found -> 'warning');
    v_result := pgwhen._join_results(null, v_result, pgwhen._result(null,
      case when v_problem is null then '[]'
        else pgwhen._problem(v_problem ->> 'code', p_place, v_problem ->> 'message', v_problem ->> 'hint',
        case when v_found ? 'problem' then 'error' else 'warning' end) end,
      case when p_scope ->> 'place' = 'becomes' then '[]' else coalesce(v_found -> 'reads', '[]') end,
        coalesce(v_found -> 'nodes', '[]'),
      case when v_found ? 'step' then jsonb_build_array(v_found -> 'step') else '[]' end));
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._compile_jsonpath(text, jsonb, text, boolean) is 'Checks a SQL/JSON path and finds what it reads.';
