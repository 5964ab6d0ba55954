-- The one equality that lets dispatch pass a trigger by without looking at it: column = literal that has to hold of the row,
-- where the text of both is the same for equal values. null where there is none.
create or replace function pgwhen._match_equality(p_condition jsonb, p_left jsonb, p_relation oid) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_test jsonb;
  v_column text;
  v_value jsonb;
  v_text text;
  v_type oid;
begin
  for v_test in
    select t.value
    from jsonb_array_elements(case p_condition ->> 'op' when 'all' then p_condition -> 'of'
      else jsonb_build_array(p_condition) end) t
  loop
    v_column := v_test -> 'left' ->> -1;
    v_value := v_test -> 'right' -> 'literal';
    continue when v_test ->> 'op' is distinct from 'eq' or v_test -> 'left' is distinct from p_left || to_jsonb(v_column)
      or jsonb_typeof(v_value) not in ('string', 'number', 'boolean') or v_column ~ '[:=]';
    select pgwhen._base_type(a.atttypid) into v_type
    from pg_attribute a where a.attrelid = p_relation and a.attname = v_column and a.attnum > 0;
    v_text := v_value #>> '{}';
    if v_type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then
      v_text := case when v_text::numeric = trunc(v_text::numeric) then trunc(v_text::numeric)::text end;
    elsif v_type = 'date'::regtype then
      v_text := substring(v_text from '^\d{4}-\d\d-\d\d$');
    elsif v_type not in ('text'::regtype, 'varchar'::regtype, 'bool'::regtype, 'uuid'::regtype)
      and not exists (select from pg_type t where t.oid = v_type and t.typtype = 'e') then
      continue;
    end if;
    continue when v_text is null or length(v_text) > 200;
    return jsonb_build_object('column', v_column, 'value', v_text);
  end loop;
  return null;
end
$$;
comment on function pgwhen._match_equality(jsonb, jsonb, oid) is 'Column and value that an event''s row must have for a condition to hold, if an index can use them.';
