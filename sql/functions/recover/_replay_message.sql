-- What capture or emit_event once wrote, with the request beside it. An event that could not be dispatched kept its whole message.
-- What was asked for one workflow only (a backfill) is asked for that one again.
create or replace function pgwhen._replay_message(p_event pgwhen.events, p_workflow_id integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select m.message || jsonb_build_object('request', jsonb_strip_nulls(jsonb_build_object('kind', 'replay', 'event', p_event.event_id,
    'occurred_at', p_event.occurred_at,
    'workflow_id', coalesce(p_workflow_id, (p_event.notes -> 'request' ->> 'workflow_id')::integer))))
  from (
    select case
      when p_event.operation = 'unknown' then case when jsonb_typeof(p_event.input) = 'object' then p_event.input end
      when p_event.operation = 'manual' then (
        select jsonb_build_object('v', 1, 'operation', 'manual', 'type', p_event.type, 'tenant', p_event.tenant, 'workflow_id', w.workflow_id,
          'input', p_event.input, 'actor', p_event.actor, 'cause', p_event.cause)
        from (select pgwhen._manual_workflow(p_event) as workflow_id) w
        where w.workflow_id is not null)
      when p_event.operation = 'event' then jsonb_build_object('v', 1, 'operation', 'event', 'type', p_event.type, 'tenant', p_event.tenant,
        'input', p_event.input, 'actor', p_event.actor, 'cause', p_event.cause)
      else jsonb_build_object('v', 1, 'operation', p_event.operation, 'attachment', p_event.attachment_id, 'new', p_event.new,
        'old', p_event.old, 'actor', p_event.actor, 'cause', p_event.cause, 'pairing', p_event.notes -> 'pairing',
        'capture_error', p_event.notes -> 'capture_error')
    end as message) m
  where not coalesce(p_event.notes ? 'forgotten', false)
$$;
comment on function pgwhen._replay_message(pgwhen.events, integer) is 'The message that makes an event happen again, for one workflow or all; null where that cannot be made any more.';
