-- Children carry the time of their root in their ids, so that a range of the primary key holds them all, and nothing but what
-- has been started since the simulation began.
create or replace function pgwhen._simulated_ids(p_roots uuid[]) returns uuid[]
language sql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with recursive recent as materialized (
    select x.execution_id, x.parent_execution_id
    from pgwhen.executions x
    where x.execution_id >= (select (left(replace(min(r::text), '-', ''), 12) || repeat('0', 20))::uuid from unnest(p_roots) r)
      and x.parent_execution_id is not null
  ), tree as (
    select r as execution_id from unnest(p_roots) r
    union
    select x.execution_id
    from tree t
    join recent x on x.parent_execution_id = t.execution_id
  )
  select array_agg(t.execution_id order by t.execution_id) from tree t
$$;
comment on function pgwhen._simulated_ids(uuid[]) is 'Executions with all that they started, in the order of their ids.';
