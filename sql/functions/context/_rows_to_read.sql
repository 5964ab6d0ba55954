-- Nothing but arrays is read here, and there may be as many shapes as contexts: a nested loop would be quadratic. plpgsql,
-- because it keeps the plan.
create or replace function pgwhen._rows_to_read(p_contexts jsonb[], p_shapes integer[], p_nodes jsonb[], p_attachments integer[],
  p_keys jsonb[], p_level integer)
returns table (node jsonb, shape integer, places text[], ordinals integer[], paths text[], keys jsonb[])
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_hashjoin = on
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    with node as materialized (
      select s.shape::integer as shape, n.node, n.node ->> 'kind' = 'record' as is_record, (n.node ->> 'attachment')::integer as attachment_id,
        array(select jsonb_array_elements_text(n.node -> 'path'))::text as path,
        array(select jsonb_array_elements_text(n.node -> 'from')) as from_path,
        -- One query reads what has the same table, columns and key, wherever in the context it goes.
        dense_rank() over (order by n.node -> 'attachment', n.node -> 'table', n.node -> 'columns', n.node -> 'to_columns') as query
      from unnest(p_nodes) with ordinality s (nodes, shape)
      cross join jsonb_array_elements(s.nodes) n (node)
      where (n.node ->> 'level')::integer = p_level and n.node ->> 'kind' <> 'alias'
    ), wanted as materialized (
      select c.ordinal::integer as ordinal, n.query, n.path, case
          when n.is_record then c.key
          else pgwhen._reference_key(c.context #> n.from_path, n.node -> 'from_columns', n.node -> 'to_columns')
        end as key
      from node n
      join unnest(p_contexts, p_shapes, p_attachments, p_keys) with ordinality c (context, shape, attachment_id, key, ordinal)
        on c.shape = n.shape and (not n.is_record or n.attachment_id = c.attachment_id)
    ), read as (
      select w.query, array_agg(w.ordinal) as ordinals, array_agg(w.path) as paths, array_agg(w.key) as keys
      from wanted w
      where w.key is not null
      group by w.query
    ), query as (
      select n.query, (array_agg(n.node))[1] as node, (array_agg(n.shape))[1] as shape, array_agg(n.shape || (n.node ->> 'path')) as places
      from node n
      group by n.query
    )
    select q.node, q.shape, q.places, r.ordinals, r.paths, r.keys
    from read r
    join query q on q.query = r.query;
end
$$;
comment on function pgwhen._rows_to_read(jsonb[], integer[], jsonb[], integer[], jsonb[], integer) is 'What has to be read for contexts at a level: a row for each query, with the keys and where in which contexts their rows go (ordinals, paths).';
