create or replace function pgwhen._simulated(p_ids uuid[]) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('now', pgwhen._now(), 'executions', coalesce(jsonb_agg(jsonb_build_object(
      'execution_id', x.execution_id, 'parent_execution_id', x.parent_execution_id, 'parent_step_id', x.parent_step_id, 'body', x.body,
      'item_index', x.item_index, 'item', x.item, 'workflow', w.workflow, 'status', x.status, 'reason', x.reason, 'error', x.error,
      'had_failures', x.had_failures, 'started_at', x.started_at, 'finished_at', x.finished_at, 'steps', pgwhen._simulated_steps(x))
    order by x.parent_execution_id is not null, x.item_index, x.execution_id), '[]'))
  from unnest(p_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  join pgwhen.workflows w on w.workflow_id = x.workflow_id
$$;
comment on function pgwhen._simulated(uuid[]) is 'Where simulated executions stand: {now, executions}, the roots first.';
