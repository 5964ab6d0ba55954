-- The caller holds the executions, has judged them, and has taken away the rows of what runs again. Rows of steps that the new
-- version does not have are those of steps that never began. The trigger is found again by its id, or by what it waits for.
create or replace function pgwhen._change_version(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.executions x
  set version = w.active_version, trigger_no = coalesce((
    select n.trigger_no
    from pgwhen.triggers o
    join pgwhen.triggers n on n.workflow_id = o.workflow_id and n.version = w.active_version and n.kind = o.kind
      and n.trigger_id is not distinct from o.trigger_id and n.attachment_id is not distinct from o.attachment_id
      and n.event_type is not distinct from o.event_type
    where o.workflow_id = x.workflow_id and o.version = x.version and o.trigger_no = x.trigger_no
    order by n.trigger_no limit 1), x.trigger_no)
  from unnest(p_execution_ids) i (execution_id), pgwhen.workflows w
  where x.execution_id = i.execution_id and w.workflow_id = x.workflow_id and w.active_version <> x.version;
  delete from pgwhen.execution_steps s
  using unnest(p_execution_ids) i (execution_id), pgwhen.executions x
  where s.execution_id = i.execution_id and x.execution_id = i.execution_id and not exists (
    select from pgwhen.steps t where t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id);
end
$$;
comment on function pgwhen._change_version(uuid[]) is 'Gives ended executions the current version of their workflow.';
