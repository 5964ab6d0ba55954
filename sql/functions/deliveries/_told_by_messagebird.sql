-- Source: developers.messagebird.com/api/sms-messaging (status reports, receive messages).
create or replace function pgwhen._told_by_messagebird(p_form jsonb, p_nonce text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(t.told || jsonb_strip_nulls(jsonb_build_object('nonce', p_nonce))), '[]')
  from (
    select jsonb_build_object('id', concat_ws(':', p_form ->> 'id', p_form ->> 'recipient', p_form ->> 'status', p_form ->> 'statusDatetime'),
      'message_id', p_form ->> 'id', 'status', s.status, 'event', p_form ->> 'status',
      'address', coalesce(pgwhen._plain_address('sms', '+' || ltrim(p_form ->> 'recipient', '+')), p_form ->> 'recipient'),
      'at', pgwhen._told_at(p_form -> 'statusDatetime'), 'key', p_form ->> 'reference',
      'detail', jsonb_build_object('code', nullif(p_form ->> 'statusErrorCode', ''), 'message', left(nullif(p_form ->> 'statusReason', ''), 500))) as told
    from (select case
      when p_form ->> 'status' = 'delivered' then 'delivered'
      when p_form ->> 'status' in ('delivery_failed', 'expired') then 'failed'
      when p_form ->> 'status' in ('scheduled', 'buffered', 'sent') then 'accepted' end as status) s
    where s.status is not null
    union all
    select pgwhen._told_text(p_form ->> 'id', '+' || ltrim(p_form ->> 'originator', '+'), '+' || ltrim(p_form ->> 'recipient', '+'),
      coalesce(p_form ->> 'body', p_form ->> 'message', p_form ->> 'payload'), pgwhen._told_at(p_form -> 'createdDatetime'))
    where not p_form ? 'status' and p_form ? 'originator' and p_form ?| '{body,message,payload}'
  ) t
  where p_form ->> 'id' is not null
$$;
comment on function pgwhen._told_by_messagebird(jsonb, text) is 'What a callback of MessageBird tells, as _record_deliveries takes it.';
