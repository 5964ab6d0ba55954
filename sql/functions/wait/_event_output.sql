create or replace function pgwhen._event_output(p_event pgwhen.events) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('event', jsonb_build_object('id', p_event.event_id, 'type', p_event.type,
      'table', (select a.table_name from pgwhen.attachments a where a.attachment_id = p_event.attachment_id),
      'operation', p_event.operation, 'occurred_at', pgwhen._iso(p_event.occurred_at), 'actor', p_event.actor),
    'new', p_event.new, 'old', p_event.old, 'input', p_event.input)
$$;
comment on function pgwhen._event_output(pgwhen.events) is 'Output of a wait: the event that came.';
