-- Edges of nodes and edges, checked: both ends exist, in the same loop, and the source has the outcome. A case may be written
-- without case:, a part without part:. on_error: continue adds to each edge on which the flow goes on one for error, as in a tree,
-- and a fallback takes those of its step.
create or replace function pgwhen._graph_edges(p_nodes jsonb, p_edges jsonb, p_on_error text)
returns table (source text, target text, outcome text, arm text, path text, problem text)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_nodes jsonb := coalesce((select jsonb_object_agg(n.value ->> 'id', n.value) from jsonb_array_elements(p_nodes) n
    where jsonb_typeof(n.value) = 'object' and n.value ->> 'id' is not null), '{}');
  v_edge jsonb;
  v_node jsonb;
  v_tail jsonb;
  v_fallback record;
  v_outcomes text[];
begin
  for v_node in select n.value from jsonb_each(v_nodes) n where jsonb_typeof(n.value -> 'on_error' -> 'fallback') = 'object' loop
    for v_fallback in select r.step, r.owners -> -1 ->> 0 as owner from pgwhen._step_rows(jsonb_build_array(v_node), '') r
      where r.path like '%.fallback' loop
      source := v_fallback.owner;
      target := v_fallback.step ->> 'id';
      outcome := 'error';
      arm := source;
      return next;
    end loop;
  end loop;
  for v_edge, path in select e.value, format('edges[%s]', e.ordinality - 1)
    from jsonb_array_elements(case jsonb_typeof(p_edges) when 'array' then p_edges else '[]' end) with ordinality e loop
    continue when jsonb_typeof(v_edge) <> 'object' or v_edge ->> 'source' is null or v_edge ->> 'target' is null;
    source := v_edge ->> 'source';
    target := v_edge ->> 'target';
    outcome := coalesce(v_edge ->> 'outcome', 'success');
    arm := source;
    v_node := v_nodes -> source;
    problem := case when v_node is null then 'WF008 ' || source when not v_nodes ? target then 'WF008 ' || target
      when v_node -> 'parent' is distinct from v_nodes -> target -> 'parent' then 'WF030 ' || source end;
    if problem is null then
      v_outcomes := pgwhen._step_outcomes(v_node);
      if outcome <> all (v_outcomes) and v_node ->> 'type' in ('switch', 'split') and v_edge ? 'outcome' then
        outcome := regexp_replace(outcome, '^(case:|part:|)', case v_node ->> 'type' when 'switch' then 'case:' else 'part:' end);
        v_outcomes := v_outcomes || case v_node ->> 'type' when 'switch' then array[outcome] else '{}' end;
      end if;
      if outcome <> all (v_outcomes) then
        problem := format('WF012 %s has no outcome %s; it has %s', source, coalesce(v_edge ->> 'outcome', 'success'),
          coalesce(nullif(regexp_replace(array_to_string(v_outcomes, ', '), '\m(case|part):', '', 'g'), ''), 'none: a stop ends the execution'));
      end if;
    end if;
    return next;
    continue when problem is not null or outcome not in ('success', 'true', 'false', 'default', 'approved');
    if coalesce(v_node -> 'on_error', to_jsonb(p_on_error)) = '"continue"' then
      outcome := 'error';
      return next;
    elsif jsonb_typeof(v_node -> 'on_error' -> 'fallback') = 'object' then
      for v_tail in
        select t.value
        from pgwhen._branches(v_node) b
        cross join lateral jsonb_array_elements(pgwhen._step_tails(b.steps, p_on_error)) t
        where b.key = 'on_error.fallback'
      loop
        source := v_tail ->> 0;
        outcome := v_tail ->> 1;
        return next;
      end loop;
    end if;
  end loop;
end
$$;
comment on function pgwhen._graph_edges(jsonb, jsonb, text) is 'Edges of a definition that gives the graph itself.';
