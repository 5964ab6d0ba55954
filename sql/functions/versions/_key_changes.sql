-- By step and key; a step that comes or goes is one change. Branches are in the order of the steps, which is told by its edges.
create or replace function pgwhen._key_changes(p_old jsonb, p_new jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with old_step as (
    select s.value ->> 'id' as id, s.value -> 'step' as step, s.ordinality as n
    from jsonb_array_elements(pgwhen._compile_graph(p_old) -> 'steps') with ordinality s
  ), new_step as (
    select s.value ->> 'id' as id, s.value -> 'step' as step, s.ordinality as n
    from jsonb_array_elements(pgwhen._compile_graph(p_new) -> 'steps') with ordinality s
  ), part (place, n, step, old, new) as (
    select 1, 0, null, p_old - '{steps,nodes,edges}'::text[], p_new - '{steps,nodes,edges}'::text[]
    union all
    select 2, coalesce(n.n, o.n), coalesce(n.id, o.id), pgwhen._without_branches(o.step) - 'position', pgwhen._without_branches(n.step) - 'position'
    from old_step o full join new_step n on n.id = o.id
  ), change (place, n, step, key, was, becomes) as (
    select p.place, p.n, p.step, k.key, p.old -> k.key, p.new -> k.key
    from part p
    cross join lateral (select jsonb_object_keys(p.old) union select jsonb_object_keys(p.new)) k (key)
    where p.old is not null and p.new is not null and p.old -> k.key is distinct from p.new -> k.key
    union all
    select p.place, p.n, p.step, null, p.old, p.new from part p where p.old is null or p.new is null
    union all
    select 3, 0, null, 'order', null, null
    where (select array_agg(o.id order by o.id) from old_step o) = (select array_agg(n.id order by n.id) from new_step n)
      and pgwhen._compile_graph(p_old) -> 'edges' is distinct from pgwhen._compile_graph(p_new) -> 'edges'
  )
  select coalesce(jsonb_agg(jsonb_build_object('step', c.step, 'key', c.key, 'change', case
      when c.was is null and c.becomes is null then 'changed' when c.was is null then 'added' when c.becomes is null then 'removed' else 'changed' end,
    'was', c.was, 'is', c.becomes) order by c.place, c.n, c.step, c.key), '[]')
  from change c
$$;
comment on function pgwhen._key_changes(jsonb, jsonb) is 'Differences between two definitions: [{step, key, change, was, is}], step null for keys of the top level.';
