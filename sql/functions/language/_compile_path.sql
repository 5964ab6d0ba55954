-- A path in a value or condition. Where only the row itself may be judged (becomes) the path is the row's own.
create or replace function pgwhen._compile_path(p_path text[], p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found jsonb := pgwhen._resolve_path(p_path, p_scope);
  v_problem jsonb := coalesce(v_found -> 'problem', v_found -> 'warning');
  v_result jsonb;
begin
  if v_found ? 'problem' then
    return pgwhen._result(null, pgwhen._problem(v_problem ->> 'code', p_place, v_problem ->> 'message', v_problem ->> 'hint'));
  end if;
  if p_scope ->> 'place' = 'becomes' and p_scope -> 'locals' ? p_path[1] then
    v_found := v_found || '{"reads": [], "nodes": []}';
  elsif p_scope ->> 'place' = 'becomes' then
    if (v_found -> 'path' ->> 0 <> 'new' and not p_scope -> 'records' ? (v_found -> 'path' ->> 0))
      or jsonb_array_length(v_found -> 'path') < 2
       or jsonb_array_length(v_found -> 'nodes') > 1 then
      return pgwhen._result(null, pgwhen._problem('WF026', p_place,
        format('becomes judges the row itself, %s is not part of it', array_to_string(p_path, '.')),
          'put what concerns other rows into if'));
    end if;
    v_found := jsonb_build_object('path', (v_found -> 'path') - 0, 'type', v_found -> 'type', 'column', v_found -> 'column',
      'reads', '[]'::jsonb, 'nodes', '[]'::jsonb);
  end if;
  v_result := pgwhen._result(jsonb_build_object('path', v_found -> 'path'),
    case when v_problem is null then '[]'
      else pgwhen._problem(v_problem ->> 'code', p_place, v_problem ->> 'message', v_problem ->> 'hint', 'warning') end,
    v_found -> 'reads', v_found -> 'nodes',
    case when v_found ? 'step' then jsonb_build_array(v_found -> 'step') else '[]' end);
  return v_result || jsonb_build_object('type', v_found -> 'type', 'column', v_found -> 'column');
end
$$;
comment on function pgwhen._compile_path(text[], jsonb, text) is 'Typed form of a path, with its type and column.';
