-- parent names the loop in whose body a node is. Loops may stand in loops, but not in themselves.
create or replace function pgwhen._check_parents(p_steps jsonb, p_is_tree boolean) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive step as materialized (
    select s.value ->> 'id' as id, s.value ->> 'path' as path, s.value -> 'step' ->> 'type' as type, s.value ->> 'body' as parent, s.ordinality as n
    from jsonb_array_elements(case when not p_is_tree then p_steps else '[]' end) with ordinality s
  ), above (id, parent) as (
    select s.id, s.parent from step s where s.parent is not null
    union
    select a.id, s.parent from above a join step s on s.id = a.parent where s.parent is not null
  )
  select coalesce(jsonb_agg(p.value order by s.n), '[]')
  from step s
  left join step l on l.id = s.parent
  cross join lateral jsonb_array_elements(case
    when l.id is null then pgwhen._problem('WF008', s.path || '.parent', 'there is no step ' || s.parent,
      'did you mean ' || pgwhen._nearest(s.parent, array(select o.id from step o where o.type = 'loop')) || '?')
    when l.type is distinct from 'loop' then pgwhen._problem('WF031', s.path || '.parent', format('%s is not a loop', s.parent),
      'parent names the loop that a node is in')
    when exists (select from above a where a.id = s.id and a.parent = s.id) then
      pgwhen._problem('WF031', s.path || '.parent', format('the loop %s is within itself', s.id), 'take one of the parents away')
    else '[]' end) p
  where s.parent is not null and s.path ~ '^nodes\[\d+\]$'
$$;
comment on function pgwhen._check_parents(jsonb, boolean) is 'Problems with the parents of nodes.';
