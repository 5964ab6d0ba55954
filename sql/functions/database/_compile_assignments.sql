-- Values for columns: literals are checked against the column's type, and that the table lets the column be written at all.
create or replace function pgwhen._compile_assignments(p_values jsonb, p_relation oid, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._result(null);
  v_compiled jsonb := '{}'::jsonb;
  v_one jsonb;
  v_column jsonb;
  v_row record;
  v_generated text;
begin
  for v_row in select v.key, v.value, p_place || '.' || v.key as place from jsonb_each(p_values) v loop
    v_column := pgwhen._find_column(p_relation, v_row.key);
    select case when a.attgenerated <> '' then 'is computed from other columns' when a.attidentity = 'a' then 'is an identity that PostgreSQL always makes' end
    into v_generated
    from pg_attribute a where a.attrelid = p_relation and a.attname = v_column ->> 'name' and a.attnum > 0;
    if v_column is null then
      v_one := pgwhen._compile_columns(jsonb_build_array(v_row.key), p_relation, v_row.place);
    elsif v_generated is not null then
      v_one := pgwhen._result(null, pgwhen._problem('WF051', v_row.place, format('%s %s', v_column ->> 'name', v_generated), 'leave it out'));
    elsif v_compiled ? (v_column ->> 'name') then
      v_one := pgwhen._result(null, pgwhen._problem('WF012', v_row.place, format('%s is given twice', v_column ->> 'name')));
    elsif jsonb_typeof(v_row.value) in ('object', 'array') or v_row.value #>> '{}' like '%{{%' or v_row.value #>> '{}' like '%{\%%' then
      v_one := pgwhen._compile_value(v_row.value, p_scope, v_row.place, v_column ->> 'type');
    elsif v_column ->> 'type' = 'jsonb' then
      v_one := pgwhen._result(jsonb_build_object('literal', v_row.value));
    else
      v_one := pgwhen._compile_literal(v_row.value, p_scope, v_row.place, v_column ->> 'type', v_column);
    end if;
    if v_column is not null then
      v_compiled := v_compiled || jsonb_build_object(v_column ->> 'name', v_one -> 'compiled');
    end if;
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  return v_result || jsonb_build_object('compiled', v_compiled);
end
$$;
comment on function pgwhen._compile_assignments(jsonb, oid, jsonb, text) is 'Typed form of values for columns of a table.';
