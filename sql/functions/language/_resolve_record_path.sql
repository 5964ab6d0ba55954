-- From a record along foreign keys to a column. p_path is as written, its first element the alias. In templates the written
-- text stays, so rows are read under the written names and columns under both names; in conditions and values the path that
-- comes back has the names of the catalog.
--
-- Result: path, type, column, nodes (what has to be read), or problem {code, message, hint}.
create or replace function pgwhen._resolve_record_path(p_record jsonb, p_path text[], p_in_template boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation oid := (p_record ->> 'relation')::oid;
  v_path text[] := p_path[1:1];
  v_nodes jsonb := '[]'::jsonb;
  -- What was deleted cannot be read again: its record is the row that the event carried.
  v_is_old constant boolean := p_record -> 'is_deleted' = 'true';
  v_node jsonb := case when v_is_old
    then jsonb_build_object('path', jsonb_build_array(p_path[1]), 'kind', 'alias', 'of', '["old"]'::jsonb)
    else jsonb_build_object('path', jsonb_build_array(p_path[1]), 'kind', 'record', 'attachment', p_record -> 'attachment') end
    || jsonb_build_object('relation', p_record -> 'relation', 'columns', '[]'::jsonb, 'order', 1);
  v_count constant integer := cardinality(p_path);
  v_column jsonb;
  v_reference record;
  v_references integer;
  v_name text;
  v_names text[];
begin
  if v_relation is null then
    return jsonb_build_object('path', to_jsonb(p_path), 'type', null, 'nodes', '[]'::jsonb);
  elsif p_record -> 'is_keyless' = 'true' and not v_is_old then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF019',
      'message', format('%s: %s has no primary key, so that its row cannot be read again', array_to_string(p_path, '.'), v_relation::regclass),
      'hint', format('use new.%s, or give the table a primary key and attach it again', coalesce(p_path[2], '<column>'))));
  end if;
  for i in 2 .. v_count loop
    v_column := pgwhen._find_column(v_relation, p_path[i]);
    v_references := 0;
    if v_column is null or (i < v_count and v_column ->> 'type' not in ('jsonb', 'array')) then
      for v_reference in select * from pgwhen._find_references(v_relation, p_path[i]) loop
        v_references := v_references + 1;
        v_names := v_names || (array_to_string(p_path[1 : i - 1], '.') || '.' || v_reference.name);
      end loop;
    end if;
    if v_references > 1 then
      return jsonb_build_object('problem', jsonb_build_object('code', 'WF018',
        'message', format('%s is ambiguous: %s foreign keys of %s lead there', array_to_string(p_path[1:i], '.'), v_references, v_relation::regclass),
        'hint', 'write ' || array_to_string(v_names, ' or ')));
    elsif v_references = 1 then
      v_name := case when p_in_template then p_path[i] else v_reference.name end;
      v_path := v_path || v_name;
      v_node := jsonb_set(v_node, '{columns}', (v_node -> 'columns') || to_jsonb(v_reference.from_columns));
      v_nodes := v_nodes || v_node;
      v_node := jsonb_build_object('path', to_jsonb(v_path), 'kind', 'reference', 'from', to_jsonb(v_path[1 : i - 1]),
        'from_columns', to_jsonb(v_reference.from_columns), 'table', pgwhen._table_name(v_reference.relation),
        'relation', v_reference.relation::bigint, 'to_columns', to_jsonb(v_reference.to_columns), 'columns', '[]'::jsonb, 'order', i);
      v_relation := v_reference.relation;
      v_names := null;
    elsif v_column is not null then
      if i < v_count and v_column ->> 'type' not in ('jsonb', 'array') then
        return jsonb_build_object('problem', jsonb_build_object('code', 'WF017',
          'message', format('%s is %s and has no %s', array_to_string(p_path[1:i], '.'), v_column ->> 'sql_type', p_path[i + 1]),
          'hint', 'only foreign keys and JSON columns have parts'));
      end if;
      if pgwhen._is_excluded(v_relation, v_column ->> 'name') then
        return jsonb_build_object('problem', jsonb_build_object('code', 'WF019',
          'message', format('%s: the column is excluded, so that workflows never see it', array_to_string(p_path, '.')),
          'hint', format('attach %s again with the columns to exclude', v_relation::regclass)));
      elsif v_is_old and i = 2 and p_in_template and v_column ->> 'name' <> p_path[i] then
        return jsonb_build_object('problem', jsonb_build_object('code', 'WF016',
          'message', format('%s: the event has the column as %s', array_to_string(p_path, '.'), v_column ->> 'name'),
          'hint', format('write %s.%s', p_path[1], v_column ->> 'name')));
      end if;
      v_nodes := v_nodes || jsonb_set(v_node, '{columns}', (v_node -> 'columns') || case
        when p_in_template and v_column ->> 'name' <> p_path[i]
          then jsonb_build_array(jsonb_build_object('column', v_column -> 'name', 'as', p_path[i]))
        else jsonb_build_array(v_column -> 'name') end);
      return jsonb_build_object('path', to_jsonb(v_path || (v_column ->> 'name') || p_path[i + 1 : v_count]),
        'type', case when i = v_count then v_column -> 'type' end, 'column', case when i = v_count then v_column end, 'nodes', v_nodes);
    else
      v_names := pgwhen._column_names(v_relation);
      v_name := pgwhen._nearest(p_path[i], v_names || pgwhen._reference_names(v_relation));
      return jsonb_build_object('problem', jsonb_build_object('code', 'WF016',
        'message', format('%s has no column %s, and no foreign key of that name', v_relation::regclass, p_path[i]),
        'hint', coalesce('did you mean ' || array_to_string(p_path[1 : i - 1], '.') || '.' || v_name || '?',
          'it has ' || array_to_string(v_names[1:20], ', '))));
    end if;
  end loop;
  -- The path ends on a row: all of it.
  return jsonb_build_object('path', to_jsonb(v_path), 'type', 'jsonb', 'nodes', v_nodes || (v_node || '{"columns": null}'));
end
$$;
comment on function pgwhen._resolve_record_path(jsonb, text[], boolean) is 'What a path under a record means: its path in the context, type, and what has to be read.';
