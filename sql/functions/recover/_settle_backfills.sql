-- A backfill has asked for a start before it is dispatched. Where nothing started (the workflow was paused meanwhile, suppress_if
-- holds, matching failed), the record is free for the next backfill.
create or replace function pgwhen._settle_backfills(p_messages pgwhen.event_message[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  delete from pgwhen.backfills b
  using unnest(p_messages) m
  where m.message -> 'request' ->> 'kind' = 'backfill' and b.workflow_id = (m.message -> 'request' ->> 'workflow_id')::integer
    and b.attachment_id = (m.message ->> 'attachment')::integer and b.key = m.message -> 'request' -> 'key' and b.event_id = m.event_id
    and not exists (
      select from pgwhen.executions x
      where x.execution_id = pgwhen._execution_id(b.workflow_id, 'event:' || m.event_id, m.occurred_at));
end
$$;
comment on function pgwhen._settle_backfills(pgwhen.event_message[]) is 'Forgets the records that a backfill asked for and that did not start.';
