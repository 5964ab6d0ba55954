create or replace function pgwhen._set_aliases(p_contexts jsonb[], p_shapes integer[], p_nodes jsonb[], p_level integer) returns jsonb[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set enable_nestloop = off
set enable_hashjoin = on
set jit = off
as $$
declare
  v_contexts jsonb[] := p_contexts;
  v_row record;
begin
  for v_row in
    with alias as materialized (
      select s.shape, array(select jsonb_array_elements_text(n.node -> 'path')) as path,
        array(select jsonb_array_elements_text(n.node -> 'of')) as of_path
      from unnest(p_nodes) with ordinality s (nodes, shape)
      cross join jsonb_array_elements(s.nodes) n (node)
      where (n.node ->> 'level')::integer = p_level and n.node ->> 'kind' = 'alias'
    )
    select c.ordinal::integer as ordinal, a.path, c.context #> a.of_path as record
    from alias a
    join unnest(p_contexts, p_shapes) with ordinality c (context, shape, ordinal) on c.shape = a.shape
    where c.context #> a.of_path <> 'null'
  loop
    v_contexts[v_row.ordinal] := jsonb_set(v_contexts[v_row.ordinal], v_row.path, v_row.record);
  end loop;
  return v_contexts;
end
$$;
comment on function pgwhen._set_aliases(jsonb[], integer[], jsonb[], integer) is 'Contexts in which what was read at a level also stands under roots of its own.';
