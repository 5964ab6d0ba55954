-- What stands between the braces of a value: a path, perhaps with default(literal).
create or replace function pgwhen._compile_expression(p_expression text, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_match text[] := regexp_match(p_expression,
    '^[-+]?\s*((?:[[:alpha:]_][[:alnum:]_]*)(?:\s*\.\s*(?:[[:alpha:]_][[:alnum:]_]*|[0-9]+)|\[\s*(?:[0-9]+|"[^"]*"|''[^'']*'')\s*\])*)\s*(?:\|\s*(?:default|d)\s*\(\s*(.*\S)\s*\))?\s*[-+]?$');
  v_path text[];
  v_default text;
  v_result jsonb;
begin
  if v_match is null then
    return pgwhen._result(null, pgwhen._problem('WF024', p_place, format('{{%s}} is not a path', left(p_expression, 60)),
      'a value is {{ path }} or {{ path | default(literal) }}; filters and arithmetic are for templates of actions'));
  end if;
  v_path := array(select coalesce(m[1], m[2])
    from regexp_matches(v_match[1], '([[:alpha:]_][[:alnum:]_]*|[0-9]+)|["'']([^"'']*)["'']', 'g') m);
  v_result := pgwhen._compile_path(v_path, p_scope, p_place);
  if v_match[2] is null or v_result -> 'compiled' = 'null' then
    return v_result;
  end if;
  v_default := case
    when v_match[2] ~ '^''[^''\\]*''$' then to_jsonb(substr(v_match[2], 2, length(v_match[2]) - 2))::text
    when lower(v_match[2]) in ('true', 'false') then lower(v_match[2])
    when lower(v_match[2]) in ('none', 'null') then 'null'
    else v_match[2] end;
  if not pgwhen._is_valid('json', v_default) then
    return pgwhen._result(null,
      pgwhen._problem('WF024', p_place, format('default(%s): a value''s default is a literal', left(v_match[2], 60)),
        'write a number, a text in quotes, true or false'));
  end if;
  return v_result || jsonb_build_object('compiled', (v_result -> 'compiled') || jsonb_build_object('default', v_default::jsonb));
end
$$;
comment on function pgwhen._compile_expression(text, jsonb, text) is 'Typed form of what stands between {{ and }} in a value.';
