-- An event is identified by when it occurred and by its message, so that its id is known before it is dispatched, costs
-- capture nothing, and is the same each time. The last 15 hex digits are the message number.
create or replace function pgwhen._event_id(p_occurred_at timestamptz, p_message_id bigint) returns uuid
language sql stable parallel safe
return (lpad(to_hex(trunc(extract(epoch from p_occurred_at) * 1000)::bigint), 12, '0') || '80008' || lpad(to_hex(p_message_id), 15, '0'))::uuid;
comment on function pgwhen._event_id(timestamptz, bigint) is 'Id of the event in message p_message_id of the queue pgwhen_events.';
