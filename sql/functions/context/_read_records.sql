-- Level by level, one query per table and columns for the whole batch: first the records, then what their foreign keys
-- point to, and so on. A row that is not there leaves its place out.
create or replace function pgwhen._read_records(p_contexts jsonb[], p_shapes integer[], p_nodes jsonb[], p_attachments integer[],
  p_keys jsonb[]) returns jsonb[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_contexts jsonb[] := p_contexts;
  v_levels integer;
  v_read record;
  v_row record;
  v_ordinals integer[];
  v_paths text[];
  v_columns jsonb;
  v_has_aliases boolean;
  v_relation regclass;
  v_relations jsonb := '{}'::jsonb;
begin
  select max((n.node ->> 'level')::integer) into v_levels
  from unnest(p_nodes) s (nodes) cross join jsonb_array_elements(s.nodes) n (node);

  for v_level in 0 .. coalesce(v_levels, -1) loop
    for v_read in
      select * from pgwhen._rows_to_read(v_contexts, p_shapes, p_nodes, p_attachments, p_keys, v_level)
    loop
      v_ordinals := v_read.ordinals;
      v_paths := v_read.paths;
      v_columns := v_read.node -> 'columns';
      v_has_aliases := jsonb_path_exists(v_columns, '$[*].as');
      v_relation := pgwhen._node_relation(v_read.node, (v_relations ->> (v_read.shape || (v_read.node ->> 'from')))::oid);
      v_relations := v_relations || (select jsonb_object_agg(p.place, v_relation::oid::text) from unnest(v_read.places) p (place));
      for v_row in
        select r.n, case when v_has_aliases then pgwhen._with_aliases(r.record, v_columns) else r.record end as record
        from pgwhen_sandbox.read_rows(
          v_relation,
          pgwhen._columns_to_read(v_relation, v_columns),
          case
            when v_read.node ? 'to_columns' then pgwhen._names(v_read.node -> 'to_columns')
            else array(select jsonb_object_keys(v_read.keys[1]))
          end,
          v_read.keys) r
      loop
        v_contexts[v_ordinals[v_row.n]] := jsonb_set(v_contexts[v_ordinals[v_row.n]], v_paths[v_row.n]::text[], v_row.record);
      end loop;
    end loop;
    v_contexts := pgwhen._set_aliases(v_contexts, p_shapes, p_nodes, v_level);
  end loop;
  return v_contexts;
end
$$;
comment on function pgwhen._read_records(jsonb[], integer[], jsonb[], integer[], jsonb[]) is 'Contexts with records and what their foreign keys point to, read for all at once. p_shapes[i] is the element of p_nodes that says what context i needs.';
