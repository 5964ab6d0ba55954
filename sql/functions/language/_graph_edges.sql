-- Edges of nodes and edges, checked: both ends exist, and the source has the outcome. on_error: continue adds to each success
-- edge one for error, as in a tree.
create or replace function pgwhen._graph_edges(p_nodes jsonb, p_edges jsonb, p_on_error text)
returns table (source text, target text, outcome text, path text, problem text)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_nodes jsonb := coalesce((select jsonb_object_agg(n.value ->> 'id', n.value) from jsonb_array_elements(p_nodes) n
    where jsonb_typeof(n.value) = 'object' and n.value ->> 'id' is not null), '{}');
  v_edge jsonb;
  v_node jsonb;
  v_outcomes text[];
begin
  if jsonb_typeof(p_edges) is distinct from 'array' then
    return;
  end if;
  for v_edge, path in select e.value, format('edges[%s]', e.ordinality - 1)
    from jsonb_array_elements(p_edges) with ordinality e loop
    continue when jsonb_typeof(v_edge) <> 'object' or v_edge ->> 'source' is null or v_edge ->> 'target' is null;
    source := v_edge ->> 'source';
    target := v_edge ->> 'target';
    outcome := coalesce(v_edge ->> 'outcome', 'success');
    v_node := v_nodes -> source;
    problem := case when v_node is null then 'WF008 ' || source when not v_nodes ? target then 'WF008 ' || target end;
    if problem is null then
      v_outcomes := case v_node ->> 'type' when 'condition' then '{true,false,error}' when 'stop' then
        case when v_node ? 'if' then '{success}' else '{}' end else '{success,error}' end::text[];
      if outcome <> all (v_outcomes) then
        problem := format('WF012 %s has no outcome %s; it has %s', source, outcome,
          coalesce(nullif(array_to_string(v_outcomes, ', '), ''), 'none: a stop ends the execution'));
      end if;
    end if;
    return next;
    if problem is null and outcome <> 'error' and coalesce(v_node ->> 'on_error', p_on_error) = 'continue' then
      outcome := 'error';
      return next;
    end if;
  end loop;
end
$$;
comment on function pgwhen._graph_edges(jsonb, jsonb, text) is 'Edges of a definition that gives the graph itself.';
