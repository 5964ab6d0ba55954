-- A step may refer to steps that always settle before it: those from which edges lead to it. p_depends is a list of [step,
-- step referred to, path].
create or replace function pgwhen._check_order(p_edges jsonb, p_depends jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive edge as materialized (
    select distinct e.value ->> 'source' as source, e.value ->> 'target' as target from jsonb_array_elements(p_edges) e
  ), depend as materialized (
    select distinct d.value ->> 0 as step, d.value ->> 1 as other, d.value ->> 2 as path from jsonb_array_elements(p_depends) d
  ), before (step, other) as (
    select d.step, e.source from (select distinct step from depend) d join edge e on e.target = d.step
    union
    select b.step, e.source from before b join edge e on e.target = b.other
  )
  select coalesce(jsonb_agg(p.value), '[]')
  from depend d
  cross join lateral jsonb_array_elements(pgwhen._problem('WF023', d.path, case when d.step = d.other
    then format('the step %s refers to itself', d.step)
      else format('steps.%s does not come before %s', d.other, d.step) end,
    case when d.step <> d.other then format('write needs: [%s], or move it up', d.other) end)) p
  where not exists (select from before b where b.step = d.step and b.other = d.other)
$$;
comment on function pgwhen._check_order(jsonb, jsonb) is 'Problems with steps that refer to steps which do not come before them.';
