-- Level by level, one query per table and columns for the whole batch: first the records, then what their foreign keys
-- point to, and so on. A row that is not there leaves its place out.
create or replace function pgwhen._read_records(p_contexts jsonb[], p_shapes integer[], p_nodes jsonb[], p_attachments integer[],
  p_keys jsonb[]) returns jsonb[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_generic_plan
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_contexts jsonb[] := p_contexts;
  v_levels integer;
  v_read record;
  v_row record;
  v_ordinals integer[];
  v_paths text[];
  v_relation regclass;
  v_relations jsonb := '{}'::jsonb;
begin
  select max((n.node ->> 'level')::integer) into v_levels
  from unnest(p_nodes) s (nodes) cross join jsonb_array_elements(s.nodes) n (node);

  for v_level in 0 .. coalesce(v_levels, -1) loop
    for v_read in
      with node as materialized (
        select s.shape, n.node, n.node ->> 'kind' = 'record' as is_record, (n.node ->> 'attachment')::integer as attachment_id,
          array(select jsonb_array_elements_text(n.node -> 'path'))::text as path,
          array(select jsonb_array_elements_text(n.node -> 'from')) as from_path,
          -- One query reads what has the same table, columns and key, wherever in the context it goes.
          dense_rank() over (order by n.node -> 'attachment', n.node -> 'table', n.node -> 'columns', n.node -> 'to_columns') as query
        from unnest(p_nodes) with ordinality s (nodes, shape)
        cross join jsonb_array_elements(s.nodes) n (node)
        where (n.node ->> 'level')::integer = v_level and n.node ->> 'kind' <> 'alias'
      ), wanted as materialized (
        select c.ordinal::integer as ordinal, n.query, n.path, case
            when n.is_record then c.key
            else pgwhen._reference_key(c.context #> n.from_path, n.node -> 'from_columns', n.node -> 'to_columns')
          end as key
        from node n
        join unnest(v_contexts, p_shapes, p_attachments, p_keys) with ordinality c (context, shape, attachment_id, key, ordinal)
          on c.shape = n.shape and (not n.is_record or n.attachment_id = c.attachment_id)
      ), query as (
        select w.query, array_agg(w.ordinal) as ordinals, array_agg(w.path) as paths, array_agg(w.key) as keys
        from wanted w
        where w.key is not null
        group by w.query
      )
      select q.ordinals, q.paths, q.keys, n.node, n.shape, n.is_record, jsonb_path_exists(n.node, '$.columns[*].as') as has_aliases,
        (select array_agg(m.shape || (m.node ->> 'path')) from node m where m.query = q.query) as places
      from query q
      cross join lateral (select * from node n where n.query = q.query limit 1) n
    loop
      v_ordinals := v_read.ordinals;
      v_paths := v_read.paths;
      v_relation := pgwhen._node_relation(v_read.node, (v_relations ->> (v_read.shape || (v_read.node ->> 'from')))::oid);
      v_relations := v_relations || (select jsonb_object_agg(p.place, v_relation::oid::text) from unnest(v_read.places) p (place));
      for v_row in
        select r.n, case when v_read.has_aliases then pgwhen._with_aliases(r.record, v_read.node -> 'columns') else r.record end as record
        from pgwhen_sandbox.read_rows(
          v_relation,
          pgwhen._columns_to_read(v_relation, v_read.node -> 'columns'),
          case when v_read.is_record then array(select jsonb_object_keys(v_read.keys[1]))
            else array(select jsonb_array_elements_text(v_read.node -> 'to_columns')) end,
          v_read.keys) r
      loop
        v_contexts[v_ordinals[v_row.n]] := jsonb_set(v_contexts[v_ordinals[v_row.n]], v_paths[v_row.n]::text[], v_row.record);
      end loop;
    end loop;

    -- The same row under a root of its own.
    for v_row in
      select c.ordinal::integer as ordinal, n.path, c.context #> n.of_path as record
      from (
        select s.shape, array(select jsonb_array_elements_text(n.node -> 'path')) as path,
          array(select jsonb_array_elements_text(n.node -> 'of')) as of_path
        from unnest(p_nodes) with ordinality s (nodes, shape)
        cross join jsonb_array_elements(s.nodes) n (node)
        where (n.node ->> 'level')::integer = v_level and n.node ->> 'kind' = 'alias'
        offset 0
      ) n
      join unnest(v_contexts, p_shapes) with ordinality c (context, shape, ordinal) on c.shape = n.shape
      where c.context #> n.of_path is not null
    loop
      v_contexts[v_row.ordinal] := jsonb_set(v_contexts[v_row.ordinal], v_row.path, v_row.record);
    end loop;
  end loop;
  return v_contexts;
end
$$;
comment on function pgwhen._read_records(jsonb[], integer[], jsonb[], integer[], jsonb[]) is 'Contexts with records and what their foreign keys point to, read for all at once. p_shapes[i] is the element of p_nodes that says what context i needs.';
