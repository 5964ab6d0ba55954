create or replace function pgwhen._compile_columns(p_names jsonb, p_relation oid, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_columns jsonb := '[]'::jsonb;
  v_column jsonb;
  v_name text;
begin
  for v_name in select n from jsonb_array_elements_text(p_names) n loop
    v_column := pgwhen._find_column(p_relation, v_name);
    if v_column is null then
      v_problems := v_problems || pgwhen._problem('WF016', p_place, format('%s has no column %s', p_relation::regclass, v_name),
        coalesce('did you mean ' || pgwhen._nearest(v_name, pgwhen._column_names(p_relation)) || '?',
          'it has ' || array_to_string((pgwhen._column_names(p_relation))[1:20], ', ')));
    elsif p_place like '%.columns' and pgwhen._is_excluded(p_relation, v_column ->> 'name') then
      v_problems := v_problems || pgwhen._problem('WF019', p_place, format('%s: the column is excluded, so that workflows never see it', v_name),
        format('attach %s again with the columns to exclude', p_relation::regclass));
    else
      v_columns := v_columns || (v_column -> 'name');
    end if;
  end loop;
  return pgwhen._result(v_columns, v_problems);
end
$$;
comment on function pgwhen._compile_columns(jsonb, oid, text) is 'A list of columns by their names in the catalog.';
