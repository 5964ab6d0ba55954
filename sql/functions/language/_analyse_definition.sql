-- The one pass over a definition: everything that is wrong with it, and everything that publishing writes. Validation takes
-- the problems, compilation the rest, so that the two cannot disagree. The definition is normalised.
--
-- Result: problems, triggers, steps, edges, compiled (of versions), grants (lines that a DBA has to run).
create or replace function pgwhen._analyse_definition(p_definition jsonb, p_tenant text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_tables jsonb;
  v_graph jsonb;
  v_scope jsonb;
  v_aliases text[];
  v_step_scope jsonb;
  v_triggers jsonb := '[]'::jsonb;
  v_steps jsonb[] := '{}'::jsonb[];
  v_placed jsonb;
  v_failing jsonb;
  v_nodes jsonb := '[]'::jsonb;
  v_depends jsonb := '[]'::jsonb;
  v_loops jsonb;
  v_suppress jsonb;
  v_leave jsonb;
  v_marked jsonb;
  v_row record;
  v_one jsonb;
  v_readable jsonb;
begin
  v_problems := pgwhen._check_top_level(p_definition);
  if jsonb_typeof(p_definition) is distinct from 'object' then
    return jsonb_build_object('problems', v_problems);
  end if;
  v_problems := v_problems || pgwhen._check_told(p_definition -> 'on_error', 'on_error', p_tenant, p_definition ->> 'workflow');
  v_graph := pgwhen._compile_graph(p_definition);
  v_problems := v_problems || (v_graph -> 'problems');
  select coalesce(jsonb_object_agg(s.value ->> 'path', s.value - '{id,path,step}'::text[]), '{}') into v_placed
    from jsonb_array_elements(v_graph -> 'steps') s;
  select coalesce(jsonb_agg(e.value -> 'source'), '[]') into v_failing from jsonb_array_elements(v_graph -> 'edges') e
    where e.value ->> 'outcome' = 'error';
  v_tables := pgwhen._trigger_tables(p_definition, p_tenant);
  v_scope := pgwhen._definition_scope(p_definition, p_tenant, v_tables, v_graph);
  v_problems := v_problems || coalesce(v_scope -> 'problems', '[]');

  for v_row in select t.value as trigger, t.ordinality - 1 as place from jsonb_array_elements(
    case jsonb_typeof(p_definition -> 'when') when 'array' then p_definition -> 'when' else '[]' end) with ordinality t
  loop
    v_one := pgwhen._analyse_trigger(v_row.trigger, v_tables -> v_row.place::text, v_scope || '{"records": {}}',
      format('when[%s]', v_row.place));
    v_triggers := v_triggers || jsonb_build_array(v_one -> 'compiled');
    v_problems := v_problems || (v_one -> 'problems');
    v_nodes := v_nodes || (v_one -> 'nodes');
  end loop;

  -- Elsewhere a bare column is one of the record, where all triggers have the same.
  v_aliases := array(select jsonb_object_keys(v_scope -> 'records'));
  v_step_scope := v_scope || case when cardinality(v_aliases) = 1
    then jsonb_build_object('bare', 'record', 'bare_alias', v_aliases[1])
    when cardinality(v_aliases) > 1 then jsonb_build_object('choices', to_jsonb(v_aliases)) else '{}' end;
  if p_definition ? 'suppress_if' then
    v_suppress := pgwhen._compile_condition(p_definition -> 'suppress_if', v_step_scope || '{"place": "suppress_if"}',
      'suppress_if');
    v_problems := v_problems || (v_suppress -> 'problems');
    v_nodes := v_nodes || (v_suppress -> 'nodes');
  end if;

  if jsonb_typeof(p_definition #> '{window,holidays}') = 'object' then
    v_problems := v_problems || (pgwhen._compile_holidays(p_definition #> '{window,holidays}', v_step_scope, 'window.holidays') -> 'problems');
  end if;
  v_loops := pgwhen._find_loops(v_graph -> 'steps', p_tenant);
  v_leave := pgwhen._compile_leave(p_definition, v_step_scope, v_triggers);
  v_problems := v_problems || (v_leave -> 'problems');
  v_nodes := v_nodes || (v_leave -> 'nodes');

  for v_row in
    select r.path, r.step, r.owners, v_placed -> r.path as placed
    from pgwhen._step_rows(coalesce(p_definition -> 'nodes', p_definition -> 'steps'), case when p_definition ? 'nodes'
      then 'nodes' else 'steps' end) r
    where not p_definition ? 'nodes' or r.path ~ '^nodes\[\d+\](\.on_error\.fallback)*$'
  loop
    v_one := pgwhen._analyse_step(v_row.step, v_step_scope || pgwhen._loop_scope(v_loops, v_row.placed ->> 'body')
      || jsonb_build_object('loop', v_loops -> (v_row.step ->> 'id')), v_row.path,
      -- A loop hands on what happens in its body: told once, not for each item, too.
      case when v_row.placed ->> 'body' is not null and jsonb_typeof(p_definition -> 'on_error') = 'object' then p_definition - 'on_error'
        else p_definition end, p_definition ? 'nodes',
      v_failing ? (v_row.step ->> 'id'));
    v_steps := v_steps || (coalesce(nullif(v_one -> 'compiled', 'null'), '{}')
      || jsonb_build_object('step_id', v_row.step -> 'id', 'position', v_row.placed -> 'position', 'body', v_row.placed -> 'body')
      || case when jsonb_typeof(v_one -> 'compiled') = 'object'
        then jsonb_build_object('compiled', (v_one -> 'compiled' -> 'compiled') || coalesce(v_row.placed -> 'compiled', '{}')) else '{}' end);
    v_problems := v_problems || (v_one -> 'problems')
      || pgwhen._check_told(v_row.step -> 'on_error', v_row.path || '.on_error', p_tenant, p_definition ->> 'workflow');
    v_nodes := v_nodes || (v_one -> 'nodes');
    v_depends := v_depends || coalesce((select jsonb_agg(jsonb_build_array(v_row.step -> 'id', d.value, v_row.path))
      from jsonb_array_elements(v_one -> 'steps') d), '[]');
  end loop;
  if v_depends <> '[]' then
    v_problems := v_problems || pgwhen._check_order(v_graph -> 'edges', v_depends, (
      select coalesce(jsonb_object_agg(s.value ->> 'id', s.value -> 'body'), '{}') from jsonb_array_elements(v_graph -> 'steps') s
      where s.value ->> 'body' is not null));
  end if;
  v_steps := v_steps || pgwhen._hidden_steps(v_graph -> 'joins');
  v_nodes := pgwhen._merge_nodes(v_nodes);
  v_marked := pgwhen._mark_steps(to_jsonb(v_steps), v_graph -> 'edges', v_nodes, v_leave -> 'compiled');
  if jsonb_path_exists(v_marked, '$[*].compiled.leave.gone') then
    v_nodes := pgwhen._merge_nodes(v_nodes || (v_leave -> 'compiled' -> 'nodes'));
  end if;
  v_readable := pgwhen._check_readable(v_nodes, v_marked, v_graph -> 'steps');
  return jsonb_build_object('problems', v_problems || (v_readable -> 'problems'), 'grants', v_readable -> 'grants', 'triggers',
    v_triggers, 'steps', v_marked,
    'edges', v_graph -> 'edges', 'compiled', jsonb_build_object(
      'priority', case p_definition ->> 'priority' when 'high' then 1 when 'low' then 3 else 2 end,
      'vars', coalesce(p_definition -> 'vars', '{}'), 'inputs', coalesce(p_definition -> 'inputs', '{}'), 'suppress_if', v_suppress -> 'compiled',
      'timezone', coalesce(p_definition ->> 'timezone', 'UTC'), 'on_error', coalesce(p_definition ->> 'on_error', 'fail'), 'alias', v_aliases[1],
      'attachments', (select coalesce(jsonb_agg(distinct t.value -> 'attachment') filter (where t.value ->> 'attachment' is not null), '[]') from jsonb_each(v_tables) t),
      'stale_after', extract(epoch from coalesce(pgwhen._as_interval(p_definition ->> 'stale_after'), interval '24 hours'))::float8,
      'exit_on', v_leave -> 'compiled' -> 'on',
      'step_count', jsonb_array_length(v_graph -> 'steps'),
      'reads', (select coalesce(jsonb_agg(n.value - '{relation,order}'::text[] order by n.ordinality), '[]') from jsonb_array_elements(v_nodes) with ordinality n)));
end
$$;
comment on function pgwhen._analyse_definition(jsonb, text) is 'Problems and compiled form of a normalised definition.';
