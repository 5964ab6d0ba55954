-- The whole message is kept as input, so that nothing is lost and a replay is possible.
create or replace function pgwhen._record_poison(p_message pgwhen.event_message, p_error jsonb) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  insert into pgwhen.events (event_id, occurred_at, dispatched_at, tenant, status, operation, type, input, error)
  values (p_message.event_id, p_message.occurred_at, pgwhen._now(),
    coalesce((select a.tenant from pgwhen.attachments a where a.attachment_id::text = p_message.message ->> 'attachment'),
      (select n.tenant from pgwhen.tenants n where n.tenant = p_message.message ->> 'tenant'), 'default'),
    'failed', 'unknown', 'unknown', p_message.message, p_error)
  on conflict (event_id) do nothing
$$;
comment on function pgwhen._record_poison(pgwhen.event_message, jsonb) is 'Records an event that could not be dispatched.';
