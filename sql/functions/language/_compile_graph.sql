-- The steps of a definition in topological order and the edges between them, with all that is wrong with ids, needs and edges.
-- Result: steps [{id, path, step, position}], edges [{source, target, outcome}], problems.
create or replace function pgwhen._compile_graph(p_definition jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_tree constant boolean := jsonb_typeof(p_definition -> 'nodes') is distinct from 'array';
  v_key constant text := case when v_is_tree then 'steps' else 'nodes' end;
  v_on_error constant text := case when p_definition ->> 'on_error' = 'continue' then 'continue' else 'fail' end;
  v_problems jsonb := '[]'::jsonb;
  v_steps jsonb;
  v_ids text[];
  v_sources text[];
  v_targets text[];
  v_outcomes text[];
  v_row record;
  v_sorted record;
begin
  select coalesce(jsonb_agg(jsonb_build_object('id', r.step -> 'id', 'path', r.path, 'step', r.step) order by r.n), '[]'),
    coalesce(array_agg(r.step ->> 'id' order by r.n), '{}')
  into v_steps, v_ids
  from (select s.*, row_number() over (partition by s.step -> 'id' order by s.n) as copy
    from pgwhen._step_rows(p_definition -> v_key, v_key) with ordinality as s (step, path, previous, owners, n)) r
  where jsonb_typeof(r.step) = 'object' and jsonb_typeof(r.step -> 'id') = 'string' and r.copy = 1
    and (v_is_tree or r.path ~ '^nodes\[\d+\]$');
  for v_row in select r.path, r.step ->> 'id' as id, first_value(r.path) over (partition by r.step -> 'id' order by r.n) as first
    from pgwhen._step_rows(p_definition -> v_key, v_key) with ordinality as r (step, path, previous, owners, n)
    where jsonb_typeof(r.step) = 'object' and jsonb_typeof(r.step -> 'id') = 'string' and (v_is_tree or r.path ~ '^nodes\[\d+\]$')
  loop
    if v_row.path <> v_row.first then
      v_problems := v_problems || pgwhen._problem('WF007', v_row.path || '.id',
        format('the id %s is taken by %s', v_row.id, v_row.first), 'every step has an id of its own');
    end if;
  end loop;

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
      else pgwhen._problem(left(v_row.problem, 5), v_row.path || '.outcome', substr(v_row.problem, 7)) end;
  end loop;
  select coalesce(array_agg(e.source order by e.source, e.target, e.outcome), '{}'),
    coalesce(array_agg(e.target order by e.source, e.target, e.outcome), '{}'),
    coalesce(array_agg(e.outcome order by e.source, e.target, e.outcome), '{}')
  into v_sources, v_targets, v_outcomes
  from (
    select t.source, t.target, t.outcome
      from pgwhen._tree_edges(case when v_is_tree then p_definition -> 'steps' end, v_on_error) t where t.problem is null
    union
    select g.source, g.target, g.outcome
    from pgwhen._graph_edges(case when not v_is_tree then p_definition -> 'nodes' end, p_definition -> 'edges', v_on_error) g
      where g.problem is null
  ) e
  where e.source = any (v_ids) and e.target = any (v_ids);

  v_sorted := pgwhen._sort_steps(v_ids, v_sources, v_targets);
  -- Two steps of one id look like a circle; that is said already.
  if v_sorted.cycle is not null and not v_problems @> '[{"code": "WF007"}]' then
    v_problems := v_problems || pgwhen._problem('WF009', v_key, 'the steps go in a circle: '
      || array_to_string(v_sorted.cycle, ' -> '),
      case when v_is_tree then 'take one of these out of needs' else 'take one of these edges away' end);
  end if;
  return jsonb_build_object('problems', v_problems,
    'steps', (select coalesce(jsonb_agg(s.value || jsonb_build_object('position', array_position(v_sorted.ids, s.value ->> 'id')) order by s.ordinality), '[]')
      from jsonb_array_elements(v_steps) with ordinality s),
    'edges', (select coalesce(jsonb_agg(jsonb_build_object('source', v_sources[i], 'target', v_targets[i], 'outcome', v_outcomes[i])), '[]')
      from generate_subscripts(v_sources, 1) i));
end
$$;
comment on function pgwhen._compile_graph(jsonb) is 'Steps in topological order and the edges between them.';
