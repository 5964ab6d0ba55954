-- What a person wants to know before publishing: which steps come, go and change, and which other keys.
create or replace function pgwhen._definition_changes(p_old jsonb, p_new jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with old_step as (
    select s.value ->> 'id' as id, s.value -> 'step' as step from jsonb_array_elements(pgwhen._compile_graph(p_old) -> 'steps') s
  ), new_step as (
    select s.value ->> 'id' as id, s.value -> 'step' as step, s.ordinality as n
      from jsonb_array_elements(pgwhen._compile_graph(p_new) -> 'steps') with ordinality s
  ), change (place, n, text) as (
    select 1, 0, format('%s %s', k, case when not p_old ? k then 'added' when not p_new ? k then 'removed' else 'changed' end)
    from (select jsonb_object_keys(p_old) union select jsonb_object_keys(p_new)) as u (k)
    where k not in ('steps', 'nodes') and p_old -> k is distinct from p_new -> k
    union all
    select 2, n.n, format('step %s %s', coalesce(n.id, o.id), case when o.id is null then 'added' when n.id is null then 'removed'
      else 'changed' end)
    from old_step o full join new_step n on n.id = o.id
    where pgwhen._without_branches(o.step) is distinct from pgwhen._without_branches(n.step)
    union all
    select 3, 0, 'order of steps changed'
    where (select array_agg(o.id order by o.id) from old_step o) = (select array_agg(n.id order by n.id) from new_step n)
      and pgwhen._compile_graph(p_old) -> 'edges' is distinct from pgwhen._compile_graph(p_new) -> 'edges'
  )
  select coalesce(jsonb_agg(c.text order by c.place, c.n, c.text), '[]') from change c
$$;
comment on function pgwhen._definition_changes(jsonb, jsonb) is 'Differences between two definitions, in words.';
