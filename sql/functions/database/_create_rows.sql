-- Columns that are not given are left to the table (defaults, identities), hence a statement for each set of columns: rows that
-- have the same are written together.
create or replace function pgwhen._create_rows(p_spec jsonb, p_context jsonb, p_search_path text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation constant regclass := pgwhen._relation_of(p_spec ->> 'table');
  v_rows constant jsonb := pgwhen._rows_to_create(p_spec, p_context, v_relation);
  v_output constant text := (select string_agg(format('t.%I', c), ', ') from unnest(pgwhen._output_columns(v_relation, null)) c);
  v_update constant jsonb := case when jsonb_typeof(p_spec -> 'update') = 'object' then pgwhen._values_of(p_spec -> 'update', p_context) end;
  v_group record;
  v_one jsonb;
  v_all jsonb := '[]'::jsonb;
  v_count integer := 0;
  v_more boolean := false;
begin
  for v_group in
    select k.columns, jsonb_agg(r.value order by r.ordinality) as rows
    from jsonb_array_elements(v_rows) with ordinality r
    cross join lateral (select array(select jsonb_object_keys(r.value) order by 1) as columns) k
    group by k.columns
    order by min(r.ordinality)
  loop
    for v_one in
      select pgwhen_sandbox.run_statement(
        format('insert into %s as t', pgwhen._table_name(v_relation))
          || case when v_group.columns = '{}' then ' default values'
            else format(' (%s) select %s from jsonb_to_recordset($1 -> 0) v (%s)',
              (select string_agg(quote_ident(c), ', ') from unnest(v_group.columns) c),
              (select string_agg(format('v.%I', c), ', ') from unnest(v_group.columns) c), pgwhen._row_type(v_relation, v_group.columns)) end
          || pgwhen._conflict_clause(p_spec, v_relation, v_group.columns) || format(' returning %s', v_output),
        jsonb_build_array(v_group.rows, v_update), p_search_path, null, pgwhen._key_columns(v_relation))
      -- Rows of nothing but defaults can only be written one by one.
      from generate_series(1, case when v_group.columns = '{}' then jsonb_array_length(v_group.rows) else 1 end)
    loop
      v_count := v_count + (v_one ->> 'count')::integer;
      v_more := v_more or v_one -> 'more' = 'true' or pg_column_size(v_all) + pg_column_size(v_one) > 1048576 and v_all <> '[]';
      v_all := case when v_more and v_all <> '[]' then v_all else v_all || (v_one -> 'rows') end;
    end loop;
  end loop;
  return case when p_spec ? 'set' then v_all -> 0 else jsonb_build_object('rows', v_all, 'count', v_count, 'more', v_more) end;
end
$$;
comment on function pgwhen._create_rows(jsonb, jsonb, text) is 'Performs a create step: the row of set, null on a conflict, or {rows, count, more} of rows.';
