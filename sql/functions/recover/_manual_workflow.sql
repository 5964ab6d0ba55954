-- The event of a manual start does not name its workflow; the execution does, which has the same time in its id, or the
-- remark why it was not started.
create or replace function pgwhen._manual_workflow(p_event pgwhen.events) returns integer
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(
    (select x.workflow_id
     from (select left(replace(p_event.event_id::text, '-', ''), 12) as time) i
     join pgwhen.executions x on x.execution_id between rpad(i.time, 32, '0')::uuid and rpad(i.time, 32, 'f')::uuid
     where x.event_id = p_event.event_id
     order by x.parent_execution_id is not null
     limit 1),
    (select w.workflow_id from pgwhen.workflows w
     where w.tenant = p_event.tenant and w.workflow = p_event.notes -> 'skipped' -> 0 ->> 'workflow'))
$$;
comment on function pgwhen._manual_workflow(pgwhen.events) is 'The workflow that a manual start was for; null where that is not known any more.';
