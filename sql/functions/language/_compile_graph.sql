-- The steps of a definition in topological order and the edges between them, with all that is wrong with ids, needs and edges.
-- Result: steps [{id, path, step, position, body, compiled: what the graph adds to the compiled form}], joins (the same, of steps
-- that nobody writes), edges [{source, target, outcome, arm}], problems.
create or replace function pgwhen._compile_graph(p_definition jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_tree constant boolean := jsonb_typeof(p_definition -> 'nodes') is distinct from 'array';
  v_key constant text := case when v_is_tree then 'steps' else 'nodes' end;
  v_on_error constant text := case when p_definition ->> 'on_error' = 'continue' then 'continue' else 'fail' end;
  v_nodes constant jsonb := p_definition -> 'nodes';
  v_problems jsonb := '[]'::jsonb;
  v_steps jsonb;
  v_edges jsonb;
  v_ids text[];
  v_row record;
  v_sorted record;
begin
  -- A node has nothing below it but a fallback.
  with written as (
    select r.step, r.path, pgwhen._step_body(r.owners) as body, false as is_join, r.n
    from pgwhen._step_rows(p_definition -> v_key, v_key) with ordinality as r (step, path, previous, owners, n)
    where jsonb_typeof(r.step) = 'object' and jsonb_typeof(r.step -> 'id') = 'string'
      and (v_is_tree or r.path ~ '^nodes\[\d+\](\.on_error\.fallback)*$')
  ), known as (
    select * from written
    union all
    select jsonb_build_object('id', pgwhen._join_step(w.step), 'type', 'join', 'join', w.step -> 'join', 'cancel_rest', w.step -> 'cancel_rest', 'of', w.step -> 'id'),
      w.path || '.join', w.body, true, w.n
    from written w
    where v_is_tree and pgwhen._join_step(w.step) is not null
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', k.step -> 'id', 'path', k.path, 'step', k.step, 'is_join', k.is_join,
    'body', case when v_is_tree then to_jsonb(k.body) else v_nodes -> substring(k.path from '^nodes\[(\d+)\]')::integer -> 'parent' end)
    order by k.n, k.is_join), '[]')
  into v_steps
  from known k;
  for v_row in
    select s.path, s.id, s.first
    from (select s.value ->> 'path' as path, s.value ->> 'id' as id, s.ordinality as n,
        first_value(s.value ->> 'path') over (partition by s.value ->> 'id' order by s.ordinality) as first
      from jsonb_array_elements(v_steps) with ordinality s) s
    where s.path <> s.first
    order by s.n
  loop
    v_problems := v_problems || pgwhen._problem('WF007', v_row.path || '.id',
      format('the id %s is taken by %s', v_row.id, v_row.first), 'every step has an id of its own');
  end loop;
  select coalesce(jsonb_agg(s.value order by s.ordinality), '[]'), coalesce(array_agg(s.value ->> 'id' order by s.ordinality), '{}')
  into v_steps, v_ids
  from (select s.*, row_number() over (partition by s.value ->> 'id' order by s.ordinality) as copy
    from jsonb_array_elements(v_steps) with ordinality s) s
  where s.copy = 1;
  v_problems := v_problems || pgwhen._check_parents(v_steps, v_is_tree);

  -- Edges between steps that exist, each once.
  for v_row in select * from (
      select * from pgwhen._tree_edges(case when v_is_tree then p_definition -> 'steps' end, v_on_error)
      union all
      select * from pgwhen._graph_edges(case when not v_is_tree then p_definition -> 'nodes' end,
        p_definition -> 'edges', v_on_error)
    ) e where e.problem is not null
  loop
    v_problems := v_problems || case left(v_row.problem, 5)
      when 'WF008' then pgwhen._problem('WF008', case when v_is_tree then v_row.path || '.needs' else v_row.path end,
        'there is no step ' || substr(v_row.problem, 7),
        'did you mean ' || pgwhen._nearest(substr(v_row.problem, 7), v_ids) || '?')
      when 'WF010' then pgwhen._problem('WF010', v_row.path,
        format('the step %s can never be reached: all that comes before it stops', v_row.target),
          'take the step away, or give the stop an if')
      when 'WF030' then pgwhen._problem('WF030', case when v_is_tree then v_row.path || '.needs' else v_row.path end,
        format('%s and %s are not in the same loop', substr(v_row.problem, 7), v_row.target),
        'a loop runs its steps for each item apart: let the step come before or after the loop itself')
      else pgwhen._problem(left(v_row.problem, 5), v_row.path || '.outcome', substr(v_row.problem, 7)) end;
  end loop;
  with edge as (
    select t.source, t.target, t.outcome, t.arm
      from pgwhen._tree_edges(case when v_is_tree then p_definition -> 'steps' end, v_on_error) t where t.problem is null
    union all
    select g.source, g.target, g.outcome, g.arm
    from pgwhen._graph_edges(case when not v_is_tree then p_definition -> 'nodes' end, p_definition -> 'edges', v_on_error) g
      where g.problem is null
  ), counting as (
    select s.value ->> 'id' as id from jsonb_array_elements(v_steps) s
    where coalesce(s.value -> 'step' -> 'join', '"all"') <> '"all"' and s.value -> 'step' ->> 'type' <> 'parallel'
  ), named as (
    select e.source, e.target, e.outcome, case when e.target in (select c.id from counting c) then min(e.arm) end as arm
    from edge e
    where e.source = any (v_ids) and e.target = any (v_ids)
    group by e.source, e.target, e.outcome
  )
  select coalesce(jsonb_agg(to_jsonb(n) order by n.source, n.target, n.outcome), '[]') into v_edges from named n;

  select s.ids, s.cycle into v_sorted
  from (select array_agg(e.value ->> 'source' order by e.ordinality) as sources, array_agg(e.value ->> 'target' order by e.ordinality) as targets
    from jsonb_array_elements(v_edges) with ordinality e) e
  cross join lateral pgwhen._sort_steps(v_ids, coalesce(e.sources, '{}'), coalesce(e.targets, '{}')) s;
  -- Two steps of one id look like a circle; that is said already.
  if v_sorted.cycle is not null and not v_problems @> '[{"code": "WF007"}]' then
    v_problems := v_problems || pgwhen._problem('WF009', v_key, 'the steps go in a circle: '
      || array_to_string(v_sorted.cycle, ' -> '),
      case when v_is_tree then 'take one of these out of needs' else 'take one of these edges away' end);
  end if;
  v_problems := v_problems || pgwhen._check_joins(v_steps, v_edges);
  v_steps := (
    select coalesce(jsonb_agg(s.value || jsonb_build_object('position', array_position(v_sorted.ids, s.value ->> 'id'), 'compiled', coalesce(g.compiled, '{}')) order by s.ordinality), '[]')
    from jsonb_array_elements(v_steps) with ordinality s
    left join pgwhen._graph_of_steps(v_steps, v_edges) g on g.id = s.value ->> 'id');
  return jsonb_build_object('problems', v_problems, 'edges', v_edges,
    'steps', jsonb_path_query_array(v_steps, '$[*] ? (!(@.is_join == true))'), 'joins', jsonb_path_query_array(v_steps, '$[*] ? (@.is_join == true)'));
end
$$;
comment on function pgwhen._compile_graph(jsonb) is 'Steps in topological order and the edges between them.';
