-- 21610 is an opt-out. Source: twilio.com/docs/messaging/guides/track-outbound-message-status and webhook-request.
create or replace function pgwhen._told_by_twilio(p_form jsonb, p_key text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(t.told), '[]')
  from (select coalesce(nullif(p_form ->> 'MessageSid', ''), nullif(p_form ->> 'SmsSid', '')) as sid,
    coalesce(nullif(p_form ->> 'MessageStatus', ''), p_form ->> 'SmsStatus') as word) m
  cross join lateral (
    select jsonb_build_object('id', m.sid || ':' || m.word, 'message_id', m.sid, 'status', s.status, 'event', m.word, 'address', p_form ->> 'To',
      'at', pgwhen._now(), 'key', p_key,
      'detail', jsonb_build_object('code', nullif(p_form ->> 'ErrorCode', ''), 'message', left(nullif(p_form ->> 'ErrorMessage', ''), 500)),
      'suppress', case when p_form ->> 'ErrorCode' = '21610' then 'opt_out' end) as told
    from (select case
      when m.word in ('delivered', 'read') then 'delivered'
      when m.word in ('undelivered', 'failed') then 'failed'
      when m.word in ('accepted', 'scheduled', 'queued', 'sending', 'sent') then 'accepted' end as status) s
    where s.status is not null
    union all
    select pgwhen._told_text(m.sid, p_form ->> 'From', p_form ->> 'To', p_form ->> 'Body', pgwhen._now(), p_form ->> 'OptOutType')
    where m.word in ('received', 'receiving') or m.word is null and p_form ? 'Body'
  ) t
  where m.sid is not null
$$;
comment on function pgwhen._told_by_twilio(jsonb, text) is 'What a callback of Twilio tells, as _record_deliveries takes it.';
