-- Typed form of a database step: its table by name, its columns by their names in the catalog, its conditions and values. What is
-- wrong with it, and what pgwhen_actions may not do, is said here, before the first row needs it.
create or replace function pgwhen._compile_statement(p_step jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type constant text := p_step ->> 'type';
  v_found jsonb;
  v_relation oid;
  v_scope jsonb;
  v_result jsonb := pgwhen._result(null);
  v_compiled jsonb;
  v_part record;
begin
  if v_type = 'call' then
    return pgwhen._compile_call(p_step, p_scope, p_path);
  elsif jsonb_typeof(p_step -> 'table') is distinct from 'string' then
    return v_result;
  end if;
  v_found := pgwhen._table_of_statement(p_step ->> 'table', p_scope ->> 'tenant', v_type, p_path || '.table');
  v_relation := (v_found ->> 'relation')::oid;
  if v_relation is null then
    return pgwhen._result(null, v_found -> 'problems');
  end if;
  v_scope := p_scope || jsonb_build_object('row', jsonb_build_object('relation', v_relation::bigint));
  v_compiled := jsonb_build_object('table', pgwhen._table_name(v_relation))
    || (select coalesce(jsonb_object_agg(k.key, k.value), '{}') from jsonb_each(p_step) k where k.key in ('limit', 'one', 'max'));
  for v_part in
    select s.key,
      case s.key
        when 'where' then pgwhen._compile_where(s.value, v_scope, p_path || '.where')
        when 'set' then pgwhen._compile_assignments(s.value, v_relation, p_scope, p_path || '.set')
        when 'rows' then pgwhen._compile_rows(s.value, v_relation, p_scope, p_path || '.rows')
        when 'update' then case when jsonb_typeof(s.value) = 'object' then pgwhen._compile_assignments(s.value, v_relation, p_scope, p_path || '.update')
          when s.value = 'true' then pgwhen._result('true') else pgwhen._compile_columns(s.value, v_relation, p_path || '.update') end
        when 'order' then pgwhen._compile_order(s.value, v_relation, p_path || '.order')
        else pgwhen._compile_columns(s.value, v_relation, p_path || '.' || s.key)
      end as compiled
    from jsonb_each(p_step) s
    where s.key in ('where', 'set', 'rows', 'columns', 'order', 'on_conflict', 'update')
      and (pgwhen._keys(array[v_type]) ? s.key)
      and pgwhen._check_kind(pgwhen._keys(array[v_type]) -> s.key ->> 'kind', s.value, '') = '[]'
  loop
    v_compiled := v_compiled || jsonb_build_object(v_part.key, v_part.compiled -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_part.compiled);
  end loop;
  if not exists (select from jsonb_array_elements(v_result -> 'problems') p where p.value ->> 'severity' = 'error') then
    v_result := v_result || jsonb_build_object('problems', (v_result -> 'problems') || pgwhen._check_statement(v_type, v_compiled, v_relation, p_path));
  end if;
  return v_result || jsonb_build_object('compiled', v_compiled);
end
$$;
comment on function pgwhen._compile_statement(jsonb, jsonb, text) is 'Typed form of a database step, with what is wrong with it.';
