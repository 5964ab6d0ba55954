-- For steps that begin again: what failed in the executions that they made before has been retried by that.
create or replace function pgwhen._forget_children(p_steps pgwhen.step_ref[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive child as (
    select c.execution_id
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id and x.generation > 1
    join pgwhen.executions c on c.parent_execution_id = r.execution_id and c.parent_step_id = r.step_id
    union all
    select g.execution_id
    from child c
    join pgwhen.executions g on g.parent_execution_id = c.execution_id
  )
  delete from pgwhen.failures f
  using child c
  where f.execution_id = c.execution_id
$$;
comment on function pgwhen._forget_children(pgwhen.step_ref[]) is 'Takes failures of earlier children out of the list of those that nobody has retried.';
