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
  v_relation regclass;
  v_relations jsonb := '{}';
  v_aliases jsonb;
begin
  select max((n.node ->> 'level')::integer) into v_levels
  from unnest(p_nodes) s (nodes) cross join jsonb_array_elements(s.nodes) n (node);

  for v_level in 0 .. coalesce(v_levels, -1) loop
    for v_read in
      with node as materialized (
        select s.shape, n.node, n.node ->> 'kind' as kind, (n.node ->> 'attachment')::integer as attachment_id,
          array(select jsonb_array_elements_text(n.node -> 'path')) as path,
          array(select jsonb_array_elements_text(n.node -> 'from')) as from_path
        from unnest(p_nodes) with ordinality s (nodes, shape)
        cross join jsonb_array_elements(s.nodes) n (node)
        where (n.node ->> 'level')::integer = v_level and n.node ->> 'kind' <> 'alias'
      ), wanted as (
        select c.ordinal, n.node, n.kind, n.path::text as path,
          case when n.kind = 'record' then c.key
            else pgwhen._reference_key(c.context #> n.from_path, n.node -> 'from_columns', n.node -> 'to_columns')
          end as key
        from unnest(v_contexts, p_shapes, p_attachments, p_keys) with ordinality c (context, shape, attachment_id, key, ordinal)
        join node n on n.shape = c.shape and (n.kind <> 'record' or n.attachment_id = c.attachment_id)
      )
      select w.kind, (w.node ->> 'attachment')::integer as attachment_id, w.node ->> 'table' as table_name,
        nullif(w.node -> 'columns', 'null') as columns, w.node -> 'to_columns' as to_columns, min(w.node ->> 'from') as from_path,
        (array_agg(w.node -> 'from_columns'))[1] as from_columns,
        array_agg(w.ordinal::integer) as ordinals, array_agg(w.path) as paths, array_agg(w.key) as keys
      from wanted w
      where w.key is not null
      group by 1, 2, 3, 4, 5
    loop
      v_ordinals := v_read.ordinals;
      v_paths := v_read.paths;
      if v_read.kind = 'record' then
        v_relation := pgwhen._attachment_relation(v_read.attachment_id);
      else
        v_relation := pgwhen._reference_relation(v_read.table_name, (v_relations ->> v_read.from_path)::oid::regclass,
          array(select jsonb_array_elements_text(v_read.from_columns)));
      end if;
      if v_relation is null then
        raise exception using errcode = 'WF133', message = format('the table %s is gone', coalesce(v_read.table_name, 'of the record')),
          detail = 'A workflow reads it.', hint = 'Change the workflow and publish it again.';
      end if;
      v_relations := v_relations || (select jsonb_object_agg(p.path, v_relation::oid::text) from (select distinct array_to_json(x.path::text[])::jsonb::text as path from unnest(v_paths) x (path)) p);
      select jsonb_object_agg(c.entry ->> 'as', c.entry ->> 'column') into v_aliases
      from jsonb_array_elements(v_read.columns) c (entry)
      where jsonb_typeof(c.entry) = 'object';
      for v_row in
        select r.n, case when v_aliases is null then r.record else
          r.record || (select jsonb_object_agg(a.key, r.record -> a.value) from jsonb_each_text(v_aliases) a where r.record ? a.value) end as record
        from pgwhen_sandbox.read_rows(v_relation, pgwhen._columns_to_read(v_relation, v_read.columns),
          case when v_read.kind = 'record' then array(select jsonb_object_keys(v_read.keys[1]))
            else array(select jsonb_array_elements_text(v_read.to_columns)) end,
          v_read.keys) r
      loop
        v_contexts[v_ordinals[v_row.n]] := jsonb_set(v_contexts[v_ordinals[v_row.n]], v_paths[v_row.n]::text[], v_row.record);
      end loop;
    end loop;

    -- The same row under a root of its own.
    for v_row in
      select c.ordinal::integer as ordinal, array(select jsonb_array_elements_text(n.node -> 'path')) as path,
        c.context #> array(select jsonb_array_elements_text(n.node -> 'of')) as record
      from unnest(p_nodes) with ordinality s (nodes, shape)
      cross join jsonb_array_elements(s.nodes) n (node)
      join unnest(v_contexts, p_shapes) with ordinality c (context, shape, ordinal) on c.shape = s.shape
      where (n.node ->> 'level')::integer = v_level and n.node ->> 'kind' = 'alias'
    loop
      if v_row.record is not null then
        v_contexts[v_row.ordinal] := jsonb_set(v_contexts[v_row.ordinal], v_row.path, v_row.record);
      end if;
    end loop;
  end loop;
  return v_contexts;
end
$$;
comment on function pgwhen._read_records(jsonb[], integer[], jsonb[], integer[], jsonb[]) is 'Contexts with records and what their foreign keys point to, read for all at once. p_shapes[i] is the element of p_nodes that says what context i needs.';
