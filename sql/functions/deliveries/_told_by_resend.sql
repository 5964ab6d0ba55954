-- Only a permanent bounce says that the address is dead. A callback is about the whole message: with several recipients it does not
-- say which of them it was, so nobody is suppressed. Source: resend.com/docs/webhooks/event-types.
create or replace function pgwhen._told_by_resend(p_callback jsonb, p_id text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object('id', p_id, 'message_id', d.data ->> 'email_id', 'status', s.status, 'event', p_callback ->> 'type',
    'address', a.address, 'at', pgwhen._told_at(coalesce(p_callback -> 'created_at', d.data -> 'created_at')),
    'key', coalesce(d.data #>> '{tags,pgwhen}', (select t.value ->> 'value' from jsonb_array_elements(
      case jsonb_typeof(d.data -> 'tags') when 'array' then d.data -> 'tags' else '[]' end) t where t.value ->> 'name' = 'pgwhen' limit 1)),
    'detail', jsonb_build_object('type', d.data #> '{bounce,type}', 'code', d.data #> '{bounce,subType}',
      'message', left(coalesce(d.data #>> '{bounce,message}', d.data #>> '{failed,reason}', d.data #>> '{suppressed,message}'), 500),
      'link', left(d.data #>> '{click,link}', 500), 'recipients', case when a.address is null then d.data -> 'to' end),
    'suppress', case when s.status = 'complained' then 'complaint'
      when s.status = 'bounced' and d.data #>> '{bounce,type}' = 'Permanent' then 'bounce' end)), '[]')
  from (select p_callback -> 'data' as data) d
  cross join lateral (select case p_callback ->> 'type'
    when 'email.sent' then 'accepted' when 'email.scheduled' then 'accepted' when 'email.delivery_delayed' then 'accepted'
    when 'email.delivered' then 'delivered' when 'email.bounced' then 'bounced' when 'email.failed' then 'failed' when 'email.suppressed' then 'failed'
    when 'email.opened' then 'opened' when 'email.clicked' then 'clicked' when 'email.complained' then 'complained' end as status) s
  cross join lateral (select case jsonb_typeof(d.data -> 'to') when 'string' then d.data ->> 'to'
    when 'array' then case when jsonb_array_length(d.data -> 'to') = 1 then d.data #>> '{to,0}' end end as address) a
  where s.status is not null
$$;
comment on function pgwhen._told_by_resend(jsonb, text) is 'What a callback of Resend tells, as _record_deliveries takes it; nothing where it is not about the delivery of a message.';
