-- Made once, when the loop ends, from what its children came to; those of earlier runs where a retry did not do an item again. The
-- bounds of ids leave the one partition that children share with their parent.
create or replace function pgwhen._loop_output(p_execution_id uuid, p_step_id text, p_generation integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object(
    'results', coalesce(jsonb_agg(pgwhen._item_result(x.execution_id) order by x.item_index), '[]'),
    'failed', coalesce(jsonb_agg(jsonb_build_object('index', x.item_index, 'error', pgwhen._item_error(x.status, x.reason, x.error)) order by x.item_index)
      filter (where x.status in ('failed', 'cancelled')), '[]'))
  from (
    select distinct on (c.item_index) c.*
    from pgwhen.executions c
    where c.parent_execution_id = p_execution_id and c.parent_step_id = p_step_id
      and (c.parent_generation = p_generation or c.status = 'completed' and c.parent_generation between
        (select p.fresh_generation from pgwhen.executions p where p.execution_id = p_execution_id) and p_generation)
      and c.execution_id >= (select pgwhen._id_from(pgwhen._id_time(p_execution_id)))
      and c.execution_id < (select pgwhen._id_from(pgwhen._id_time(p_execution_id) + interval '1 millisecond'))
    order by c.item_index, c.parent_generation desc) x
$$;
comment on function pgwhen._loop_output(uuid, text, integer) is 'Output of a loop: {results, failed}, both in the order of the items.';
