-- Forms are objects with one key that starts with $. Two work so far.
create or replace function pgwhen._compile_form(p_value jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_later constant text[] := '{$sum,$count,$avg,$min,$max,$distinct,$first,$last,$sort,$concat,$join,$map,$filter,$group,$if,$case,$round,$add,$sub,$mul,$div,$date,$format_date,$age,$default}'::text[];
  v_form constant text := (select min(k) from jsonb_object_keys(p_value) k where left(k, 1) = '$');
  v_argument constant jsonb := p_value -> v_form;
  v_result jsonb;
begin
  if (select count(*) from jsonb_object_keys(p_value)) > 1 then
    return pgwhen._result(null, pgwhen._problem('WF003', p_place, format('a form has one key, %s stands with others', v_form)));
  elsif v_form = '$literal' then
    return pgwhen._result(jsonb_build_object('literal', v_argument)) || jsonb_build_object('type', pgwhen._json_kind(v_argument));
  elsif v_form = '$path' then
    if jsonb_typeof(v_argument) <> 'string' or left(v_argument #>> '{}', 1) <> '$' then
      return pgwhen._result(null,
        pgwhen._problem('WF022', p_place || '.$path', '$path takes a SQL/JSON path',
          'write it like {$path: "$.job.items[*].total"}'));
    end if;
    v_result := pgwhen._compile_jsonpath(v_argument #>> '{}', p_scope, p_place || '.$path', false);
    return v_result || jsonb_build_object('compiled', jsonb_build_object('jsonpath', v_argument));
  elsif v_form = any (c_later) then
    return pgwhen._result(null, pgwhen._problem('WF004', p_place, format('%s is not yet supported', v_form)));
  end if;
  return pgwhen._result(null, pgwhen._problem('WF003', p_place, format('%s is not a form', v_form),
    coalesce('did you mean ' || pgwhen._nearest(v_form, c_later || '{$literal,$path}') || '?',
      'a value that begins with $ is written {$literal: ...}')));
end
$$;
comment on function pgwhen._compile_form(jsonb, jsonb, text) is 'Typed form of an object such as {$path: "$.job.items"}.';
