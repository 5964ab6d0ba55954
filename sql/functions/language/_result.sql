-- What compiling a part gives: its typed form, the paths that it reads, the nodes that have to be fetched for them, the steps
-- that it depends on, and the problems found. Parts join with _join_results.
create or replace function pgwhen._result(p_compiled jsonb, p_problems jsonb default '[]', p_reads jsonb default '[]',
  p_nodes jsonb default '[]',
  p_steps jsonb default '[]') returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('compiled', p_compiled, 'problems', p_problems, 'reads', p_reads, 'nodes', p_nodes, 'steps', p_steps)
$$;
comment on function pgwhen._result(jsonb, jsonb, jsonb, jsonb, jsonb) is 'Result of compiling a part of a definition.';
