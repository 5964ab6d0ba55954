create or replace function pgwhen._join_results(p_compiled jsonb, p_a jsonb, p_b jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('compiled', p_compiled, 'problems', (p_a -> 'problems') || (p_b -> 'problems'),
    'reads', (p_a -> 'reads') || (p_b -> 'reads'), 'nodes', (p_a -> 'nodes') || (p_b -> 'nodes'), 'steps', (p_a -> 'steps') || (p_b -> 'steps'))
$$;
comment on function pgwhen._join_results(jsonb, jsonb, jsonb) is 'Two results as one, with a typed form of its own.';
