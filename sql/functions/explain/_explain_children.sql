create or replace function pgwhen._explain_children(p_step pgwhen.execution_steps) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case t.type
    when 'loop' then coalesce('goes over its items: ' || (c.children ->> 'progress'), 'is about to begin')
    when 'start' then case
      when c.children is not null then format('waits for execution %s of %s since %s', c.children #>> '{executions,0,execution_id}',
        c.children #>> '{executions,0,workflow}', pgwhen._when(p_step.queued_at))
      when z.due_at is not null then format('starts %s at %s', t.compiled ->> 'workflow', pgwhen._when(z.due_at))
      else format('is about to start %s', t.compiled ->> 'workflow') end
  end
  from pgwhen.executions x
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = p_step.step_id
  cross join lateral (select case when t.type in ('loop', 'start')
    then pgwhen._show_children(p_step.execution_id, p_step.step_id, p_step.generation) end as children) c
  left join pgwhen.sleepers z on z.execution_id = p_step.execution_id and z.step_id = p_step.step_id and z.part = 0
  where x.execution_id = p_step.execution_id
$$;
comment on function pgwhen._explain_children(pgwhen.execution_steps) is 'What a loop or start step waits for; null for other types.';
