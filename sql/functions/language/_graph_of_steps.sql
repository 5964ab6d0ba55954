-- What a step has to know of the graph at run time:
--   join       any or a number, where it does not wait for all;
--   rest       steps that are cancelled when it starts (then cancel_rest is true): all that lead to it; of a parallel all in its
--              branches, those too that end there;
--   left_by    the other way round: steps that do not wait for it;
--   cases      names of a switch's cases, in a graph those that its edges name;
--   skipped    its outcome when its if skips it, where that is not success;
--   fallback   the step whose output stands for its own when it has failed.
create or replace function pgwhen._graph_of_steps(p_steps jsonb, p_edges jsonb)
returns table (id text, compiled jsonb)
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive step as materialized (
    select s.value ->> 'id' as id, s.value -> 'step' as step, s.value -> 'step' ->> 'of' as of
    from jsonb_array_elements(p_steps) s
  ), edge as materialized (
    select e.value ->> 'source' as source, e.value ->> 'target' as target, e.value ->> 'outcome' as outcome
    from jsonb_array_elements(p_edges) e
  ), before (id, of, other) as (
    select s.id, s.of, e.source
    from step s join edge e on e.target = s.id
    where s.step -> 'cancel_rest' = 'true' and s.step ->> 'type' <> 'parallel'
    union
    select b.id, b.of, e.source
    from before b join edge e on e.target = b.other
    where b.other is distinct from b.of
  ), after (id, other) as (
    select s.id, e.target
    from step s join edge e on e.source = s.id
    where s.step -> 'cancel_rest' = 'true' and s.of is not null
    union
    select a.id, e.target from after a join edge e on e.source = a.other
  ), within (id, other) as (
    select s.id, e.target
    from step s join edge e on e.source = s.of
    where s.step -> 'cancel_rest' = 'true' and e.target <> s.id
    union
    select w.id, e.target from within w join edge e on e.source = w.other where e.target <> w.id
  ), left_out as (
    select b.id, b.other from before b where b.other is distinct from b.of
    union
    select w.id, w.other from within w where not exists (select from after a where a.id = w.id and a.other = w.other)
  ), rest as (
    select b.id, jsonb_agg(b.other order by b.other) as others from left_out b group by b.id
  ), leaver as (
    select b.other as id, jsonb_agg(b.id order by b.id) as joins from left_out b group by b.other
  ), named as (
    select e.source as id, e.outcome from edge e where e.outcome like 'case:%'
    union
    select s.id, o from step s cross join unnest(pgwhen._step_outcomes(s.step)) o where s.step ->> 'type' = 'switch' and o like 'case:%'
  ), switch as (
    select n.id, jsonb_agg(substr(n.outcome, 6) order by n.outcome) as cases from named n group by n.id
  )
  select s.id, jsonb_strip_nulls(jsonb_build_object(
    'join', case when s.step ->> 'type' <> 'parallel' and coalesce(s.step -> 'join', '"all"') <> '"all"' then s.step -> 'join' end,
    'rest', r.others, 'cancel_rest', case when r.others is not null then true end, 'left_by', l.joins, 'cases', case when s.step ->> 'type' = 'switch' then coalesce(w.cases, '[]') end,
    'skipped', case when s.step ->> 'type' in ('switch', 'split', 'parallel', 'approval') then 'skipped' end,
    'fallback', case when jsonb_typeof(s.step -> 'on_error' -> 'fallback') = 'object' then
      (select b.steps -> 'id' from pgwhen._branches(s.step) b where b.key = 'on_error.fallback') end))
  from step s
  left join rest r on r.id = s.id
  left join leaver l on l.id = s.id
  left join switch w on w.id = s.id
$$;
comment on function pgwhen._graph_of_steps(jsonb, jsonb) is 'What the graph adds to the compiled form of each step.';
