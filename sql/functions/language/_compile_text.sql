-- "{{ path }}" alone keeps its type; with text around it, or several, it is text. default is the only filter of values.
create or replace function pgwhen._compile_text(p_text text, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_parts text[] := array(select m[1] from regexp_matches(p_text,
    '(\{\{(?:"(?:[^"\\]|\\.)*"|''(?:[^''\\]|\\.)*''|[^}"'']|\}(?!\}))*\}\}|(?:[^{]|\{(?!\{))+|\{)', 'g') m);
  v_part text;
  v_result jsonb := pgwhen._result(null);
  v_compiled jsonb := '[]'::jsonb;
  v_one jsonb;
begin
  if p_text like '%{\%%' then
    return pgwhen._result(null,
      pgwhen._problem('WF024', p_place, 'a value has {{ path }} and no statements',
        'use if on the step, or a template in a poller step'));
  end if;
  foreach v_part in array v_parts loop
    if left(v_part, 2) = '{{' and length(v_part) > 3 then
      v_one := pgwhen._compile_expression(substr(v_part, 3, length(v_part) - 4), p_scope, p_place);
      if cardinality(v_parts) = 1 then
        return v_one;
      end if;
    elsif v_part = '{' then
      return pgwhen._result(null, pgwhen._problem('WF024', p_place, '{{ is not closed'));
    else
      v_one := pgwhen._result(jsonb_build_object('literal', v_part));
    end if;
    v_compiled := v_compiled || (v_one -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', jsonb_build_object('concat', v_compiled), 'type', 'text');
end
$$;
comment on function pgwhen._compile_text(text, jsonb, text) is 'Typed form of a string with {{ paths }} in it.';
