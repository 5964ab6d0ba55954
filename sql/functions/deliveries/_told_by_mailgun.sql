-- An id is unique within a day, hence the time beside it. A message's id came in angle brackets when it was sent. Reasons that begin with suppress- mean Mailgun's own lists; of the other
-- permanent failures, bounce says that the address is dead. Source: documentation.mailgun.com/docs/mailgun/user-manual/events.
create or replace function pgwhen._told_by_mailgun(p_event jsonb, p_token text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', coalesce(p_event ->> 'id', 'token:' || p_token) || '@' || coalesce(p_event ->> 'timestamp', ''), 'nonce', p_token,
    'message_id', '<' || trim(p_event #>> '{message,headers,message-id}', '<>') || '>', 'status', s.status,
    'event', concat_ws(' ', p_event ->> 'event', p_event ->> 'severity'), 'address', p_event ->> 'recipient',
    'at', pgwhen._told_at(p_event -> 'timestamp'), 'key', p_event #>> '{user-variables,pgwhen}',
    'detail', jsonb_build_object('type', p_event -> 'reason', 'code', p_event #> '{delivery-status,code}',
      'message', left(coalesce(nullif(p_event #>> '{delivery-status,message}', ''), p_event #>> '{delivery-status,description}'), 500),
      'link', left(p_event ->> 'url', 500)),
    'suppress', case
      when s.status = 'complained' or p_event ->> 'reason' = 'suppress-complaint' then 'complaint'
      when s.status = 'unsubscribed' or p_event ->> 'reason' = 'suppress-unsubscribe' then 'opt_out'
      when s.status in ('bounced', 'failed') and p_event ->> 'reason' in ('bounce', 'suppress-bounce') then 'bounce' end)), '[]')
  from (select case p_event ->> 'event'
    when 'accepted' then 'accepted' when 'delivered' then 'delivered' when 'rejected' then 'failed' when 'opened' then 'opened'
    when 'clicked' then 'clicked' when 'complained' then 'complained' when 'unsubscribed' then 'unsubscribed'
    when 'failed' then case when p_event ->> 'severity' = 'temporary' then 'accepted' when p_event ->> 'reason' = 'bounce' then 'bounced'
      else 'failed' end end as status) s
  where s.status is not null
$$;
comment on function pgwhen._told_by_mailgun(jsonb, text) is 'What a callback of Mailgun tells, as _record_deliveries takes it.';
