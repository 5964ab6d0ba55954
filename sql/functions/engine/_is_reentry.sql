-- Follows the causes of an event upwards: event, the execution that caused it, the event of that one, and so on. Asked only
-- about events that a workflow caused; the depth limit bounds it.
create or replace function pgwhen._is_reentry(p_cause jsonb, p_workflow_id integer, p_attachment_id integer, p_key jsonb) returns boolean
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive ancestor as (
    select x.execution_id, x.workflow_id, x.attachment_id, x.record_key, x.event_id, 1 as level
    from pgwhen.executions x
    where x.execution_id = (p_cause ->> 'execution')::uuid
    union all
    select x.execution_id, x.workflow_id, x.attachment_id, x.record_key, x.event_id, a.level + 1
    from ancestor a
    join pgwhen.events e on e.event_id = a.event_id
    join pgwhen.executions x on x.execution_id = (e.cause ->> 'execution')::uuid
    where a.level < 100
  )
  select exists (
    select from ancestor a
    where a.workflow_id = p_workflow_id
      and (a.record_key is not distinct from p_key and a.attachment_id is not distinct from p_attachment_id))
$$;
comment on function pgwhen._is_reentry(jsonb, integer, integer, jsonb) is 'Whether a workflow stands among the causes of an event with the same record.';
