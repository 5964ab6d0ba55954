-- The joins that the graph adds, as _analyse_definition gives steps.
create or replace function pgwhen._hidden_steps(p_joins jsonb) returns jsonb[]
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(array_agg(jsonb_build_object('step_id', j.value -> 'id', 'type', 'join', 'position', j.value -> 'position', 'body', j.value -> 'body',
    'performed_by', 'engine', 'definition', '{}'::jsonb, 'compiled', (j.value -> 'compiled')
      || '{"on_error": "fail", "reads": {"condition": [], "action": [], "engine": []}}') order by j.ordinality), '{}')
  from jsonb_array_elements(p_joins) with ordinality j
$$;
comment on function pgwhen._hidden_steps(jsonb) is 'Compiled form of the joins of parallels.';
