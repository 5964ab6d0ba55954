-- A step may refer to steps that always settle before it: those from which edges lead to it, and within a loop to those that come
-- before the loop. p_depends is a list of [step, step referred to, path], p_bodies says which steps are in which loop.
create or replace function pgwhen._check_order(p_edges jsonb, p_depends jsonb, p_bodies jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive edge as materialized (
    select distinct e.value ->> 'source' as source, e.value ->> 'target' as target from jsonb_array_elements(p_edges) e
  ), depend as materialized (
    select distinct d.value ->> 0 as step, d.value ->> 1 as other, d.value ->> 2 as path from jsonb_array_elements(p_depends) d
  ), before (step, other, inside) as (
    -- inside: what comes before the loop comes before its body, too; the loop itself does not.
    select d.step, d.step, true from (select distinct step from depend) d
    union
    select b.step, n.other, n.inside
    from before b
    cross join lateral (
      select e.source, false from edge e where e.target = b.other
      union all
      select p_bodies ->> b.other, true where p_bodies ? b.other) n (other, inside)
  )
  select coalesce(jsonb_agg(p.value), '[]')
  from depend d
  cross join lateral jsonb_array_elements(pgwhen._problem('WF023', d.path,
    case when d.step = d.other then format('the step %s refers to itself', d.step)
      when p_bodies ? d.other and p_bodies -> d.other is distinct from p_bodies -> d.step
        and not exists (select from before b where b.step = d.step and b.inside and b.other = p_bodies ->> d.other)
        then format('steps.%s is done for each item of the loop %s, and not known outside', d.other, p_bodies ->> d.other)
      else format('steps.%s does not come before %s', d.other, d.step) end,
    case when d.step = d.other then null
      when p_bodies ? d.other and p_bodies -> d.other is distinct from p_bodies -> d.step
        and not exists (select from before b where b.step = d.step and b.inside and b.other = p_bodies ->> d.other)
        then format('use what the loop gives: steps.%s.output', p_bodies ->> d.other)
      else format('write needs: [%s], or move it up', d.other) end)) p
  where not exists (select from before b where b.step = d.step and b.other = d.other and not b.inside)
$$;
comment on function pgwhen._check_order(jsonb, jsonb, jsonb) is 'Problems with steps that refer to steps which do not come before them.';
