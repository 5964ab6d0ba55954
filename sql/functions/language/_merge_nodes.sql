-- What has to be read, each place in the context once with all columns asked of it, in the order of dependency.
create or replace function pgwhen._merge_nodes(p_nodes jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(m.node order by m.place, m.node -> 'path'), '[]')
  from (
    select min((n.value ->> 'order')::numeric) as place, (array_agg(n.value - 'columns'))[1]
      || case when (array_agg(n.value))[1] ? 'columns'
        then jsonb_build_object('columns', case when bool_or(n.value -> 'columns' = 'null') then null
        else (select coalesce(jsonb_agg(distinct c.value), '[]')
          from jsonb_array_elements(jsonb_path_query_array(jsonb_agg(n.value -> 'columns'), '$[*][*]')) c) end)
        else '{}' end as node
    from jsonb_array_elements(p_nodes) n
    group by n.value -> 'path'
  ) m
$$;
comment on function pgwhen._merge_nodes(jsonb) is 'Nodes to read, each once.';
