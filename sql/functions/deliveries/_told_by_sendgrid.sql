-- bounce with type blocked is a refusal of this message, not of the address; dropped says that SendGrid itself had the address on a
-- list. An event without an id is known by its contents. An id of a message is the one that sending gave, and what SendGrid's servers
-- add to it. Source: twilio.com/docs/sendgrid/for-developers/tracking-events/event.
create or replace function pgwhen._told_by_sendgrid(p_callback jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', coalesce(nullif(e.value ->> 'sg_event_id', ''), 'sha256:' || encode(sha256(convert_to(e.value::text, 'UTF8')), 'hex')),
    'message_id', regexp_replace(e.value ->> 'sg_message_id', '\.(filter|recvd).*$', ''), 'status', s.status, 'event', e.value ->> 'event', 'address', e.value ->> 'email',
    'at', pgwhen._told_at(e.value -> 'timestamp'), 'key', e.value ->> 'pgwhen',
    'detail', jsonb_build_object('type', e.value -> 'type', 'code', left(e.value ->> 'status', 20),
      'message', left(coalesce(e.value ->> 'reason', e.value ->> 'response'), 500), 'link', left(e.value ->> 'url', 500),
      'machine', case when e.value -> 'sg_machine_open' = 'true' then true end),
    'suppress', case
      when s.status = 'complained' or e.value ->> 'event' = 'dropped' and e.value ->> 'reason' ilike 'spam reporting address%' then 'complaint'
      when s.status = 'unsubscribed' or e.value ->> 'event' = 'dropped' and e.value ->> 'reason' ilike 'unsubscribed address%' then 'opt_out'
      when s.status = 'bounced' or e.value ->> 'event' = 'dropped' and e.value ->> 'reason' ilike 'bounced address%' then 'bounce' end)), '[]')
  from jsonb_array_elements(case jsonb_typeof(p_callback) when 'array' then p_callback else jsonb_build_array(p_callback) end) e
  cross join lateral (select case e.value ->> 'event'
    when 'processed' then 'accepted' when 'deferred' then 'accepted' when 'delivered' then 'delivered'
    when 'bounce' then case when e.value ->> 'type' = 'blocked' then 'failed' else 'bounced' end
    when 'dropped' then 'failed' when 'open' then 'opened' when 'click' then 'clicked' when 'spamreport' then 'complained'
    when 'unsubscribe' then 'unsubscribed' when 'group_unsubscribe' then 'unsubscribed' end as status) s
  where s.status is not null
$$;
comment on function pgwhen._told_by_sendgrid(jsonb) is 'What a callback of SendGrid tells, as _record_deliveries takes it.';
