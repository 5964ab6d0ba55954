-- The templates of one key: what they read, and secrets only where they may stand.
create or replace function pgwhen._check_templates(p_value jsonb, p_kind text, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null);
  v_string record;
  v_parsed jsonb;
  v_written jsonb;
  v_found jsonb;
  v_problem jsonb;
begin
  v_result := v_result || jsonb_build_object('problems', pgwhen._check_no_forms(p_value, p_path));
  for v_string in select * from pgwhen._strings(p_value, p_path) s where s.text like '%{%' loop
    v_parsed := pgwhen._template_paths(v_string.text);
    if v_parsed ->> 'problem' is not null then
      v_result := pgwhen._join_results(null, v_result,
        pgwhen._result(null, pgwhen._problem('WF024', v_string.path, v_parsed ->> 'problem')));
    end if;
    if v_parsed -> 'secrets' <> '[]' and p_kind not in ('secret_headers', 'auth') then
      v_result := pgwhen._join_results(null, v_result,
        pgwhen._result(null, pgwhen._problem('WF025', v_string.path, 'a secret stands only in a header or in auth of an http step',
        'connections hold the secrets of other steps')));
    end if;
    for v_written in select p.value from jsonb_array_elements(v_parsed -> 'paths') p loop
      v_found := pgwhen._resolve_path(array(select jsonb_array_elements_text(v_written)), p_scope, true);
      v_problem := coalesce(v_found -> 'problem', v_found -> 'warning');
      v_result := pgwhen._join_results(null, v_result, pgwhen._result(null,
        case when v_problem is null then '[]'
          else pgwhen._problem(v_problem ->> 'code', v_string.path, v_problem ->> 'message', v_problem ->> 'hint',
          case when v_found ? 'problem' then 'error' else 'warning' end) end,
        coalesce(v_found -> 'reads', '[]'), coalesce(v_found -> 'nodes', '[]'),
        case when v_found ? 'step' then jsonb_build_array(v_found -> 'step') else '[]' end));
    end loop;
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._check_templates(jsonb, text, jsonb, text) is 'Reads and problems of the templates in a value.';
