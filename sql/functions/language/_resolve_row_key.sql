-- Where a condition judges the rows of a table that the definition names (where, match) its keys are columns of that table, or
-- parts of its JSON columns; operands go on to mean what they mean everywhere. The row stands under $row, a name that nothing else can have.
create or replace function pgwhen._resolve_row_key(p_key text, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation constant oid := (p_scope -> 'row' ->> 'relation')::oid;
  v_parts constant text[] := string_to_array(p_key, '.');
  v_column jsonb := pgwhen._find_column(v_relation, p_key);
  v_rest text[] := '{}'::text[];
begin
  if v_column is null and cardinality(v_parts) > 1 then
    v_column := pgwhen._find_column(v_relation, v_parts[1]);
    v_rest := v_parts[2 : cardinality(v_parts)];
  end if;
  if v_column is null then
    return pgwhen._result(null, pgwhen._problem('WF016', p_place, format('%s has no column %s', v_relation::regclass, v_parts[1]),
      coalesce('did you mean ' || pgwhen._nearest(p_key, pgwhen._column_names(v_relation)) || '?',
        'it has ' || array_to_string((pgwhen._column_names(v_relation))[1:20], ', '))));
  elsif v_rest <> '{}' and v_column ->> 'type' not in ('jsonb', 'array') then
    return pgwhen._result(null, pgwhen._problem('WF017', p_place,
      format('%s is %s and has no %s', v_column ->> 'name', v_column ->> 'sql_type', v_rest[1]),
      'here keys are columns of the table itself; what concerns other rows goes into the step''s if'));
  elsif pgwhen._is_excluded(v_relation, v_column ->> 'name') then
    return pgwhen._result(null, pgwhen._problem('WF019', p_place,
      format('%s: the column is excluded, so that workflows never see it', v_column ->> 'name'),
      format('attach %s again with the columns to exclude', v_relation::regclass)));
  end if;
  return pgwhen._result(jsonb_build_object('path', to_jsonb(array['$row', v_column ->> 'name'] || v_rest)))
    || jsonb_build_object('type', case when v_rest = '{}' then v_column -> 'type' end, 'column', case when v_rest = '{}' then v_column end);
end
$$;
comment on function pgwhen._resolve_row_key(text, jsonb, text) is 'What a key of a condition on the rows of a named table (scope.row.relation) means: a path under $row.';
