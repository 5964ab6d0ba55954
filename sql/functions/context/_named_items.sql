-- p_names maps loops to the names of their items.
create or replace function pgwhen._named_items(p_execution_id uuid, p_names jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_object_agg(p_names ->> x.body, x.item), '{}')
  from unnest(p_execution_id || pgwhen._ancestors(p_execution_id)) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  where p_names ? x.body
$$;
comment on function pgwhen._named_items(uuid, jsonb) is 'Items of the loops around a step, under their names.';
