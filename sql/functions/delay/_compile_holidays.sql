create or replace function pgwhen._compile_holidays(p_holidays jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := pgwhen._compile_statement(p_holidays - 'column'
    || jsonb_build_object('type', 'query', 'columns', jsonb_build_array(p_holidays -> 'column')), p_scope, p_path);
  v_column jsonb;
begin
  v_result := v_result || jsonb_build_object('problems', (
    select coalesce(jsonb_agg(p.value || jsonb_build_object('path', regexp_replace(p.value ->> 'path', '\.columns$', '.column'))), '[]')
    from jsonb_array_elements(v_result -> 'problems') p));
  if v_result -> 'compiled' ? 'table' and v_result #>> '{compiled,columns,0}' is not null then
    v_column := pgwhen._find_column((v_result -> 'compiled' ->> 'table')::regclass, v_result #>> '{compiled,columns,0}');
    if v_column ->> 'type' <> 'date' then
      v_result := v_result || jsonb_build_object('problems', (v_result -> 'problems') || pgwhen._problem('WF091', p_path || '.column',
        format('holidays are dates, and %s is %s', v_column ->> 'name', v_column ->> 'sql_type'), 'name a column of the type date'));
    end if;
  end if;
  return v_result || jsonb_build_object('compiled', coalesce(nullif(v_result -> 'compiled', 'null'), '{}'));
end
$$;
comment on function pgwhen._compile_holidays(jsonb, jsonb, text) is 'Typed form of the table that holidays come from.';
