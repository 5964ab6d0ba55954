-- An item that is a row of a table is recorded whole, with its columns; the rows that its foreign keys point to are read when the step
-- starts, as those of the record are.
create or replace function pgwhen._resolve_item_path(p_item jsonb, p_path text[], p_in_template boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation constant oid := (p_item ->> 'relation')::oid;
  v_column jsonb;
  v_result jsonb;
begin
  if v_relation is null or cardinality(p_path) = 1 then
    return '{"type": null}'::jsonb;
  end if;
  v_column := pgwhen._find_column(v_relation, p_path[2]);
  if p_in_template and v_column ->> 'name' <> p_path[2] then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF016',
      'message', format('%s: the item has the column as %s', array_to_string(p_path, '.'), v_column ->> 'name'),
      'hint', format('write %s.%s', p_path[1], v_column ->> 'name')));
  end if;
  v_result := pgwhen._resolve_record_path(p_item || '{"is_deleted": true}', p_path, p_in_template);
  if v_result ? 'problem' then
    return v_result;
  end if;
  v_result := v_result || jsonb_build_object('nodes', jsonb_path_query_array(v_result -> 'nodes', '$[*] ? (@.path.size() > 1)'));
  if v_result -> 'nodes' <> '[]' and p_item -> 'shared' = 'true' then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF041',
      'message', format('%s: in this workflow %s means rows of several tables', array_to_string(p_path, '.'), p_path[1]),
      'hint', 'give each loop a name of its own with as, and write that name'));
  end if;
  return v_result;
end
$$;
comment on function pgwhen._resolve_item_path(jsonb, text[], boolean) is 'What a path under the item of a loop means.';
