-- The query of the URL is not signed, the tags are, hence tags go first. Whose key it is, is looked at in any case.
-- 40300 is an opt-out. Source: developers.telnyx.com/docs/messaging (webhooks, error codes).
create or replace function pgwhen._told_by_telnyx(p_data jsonb, p_url text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(t.told), '[]')
  from (select p_data -> 'payload' as payload, pgwhen._told_at(p_data -> 'occurred_at') as at) p
  cross join lateral (
    select jsonb_build_object('id', concat_ws(':', p_data ->> 'id', case when r.n > 1 then r.n end), 'message_id', p.payload ->> 'id', 'status', s.status,
      'event', r.value ->> 'status', 'address', r.value ->> 'phone_number', 'at', p.at,
      'key', coalesce((select g from jsonb_array_elements_text(case jsonb_typeof(p.payload -> 'tags') when 'array' then p.payload -> 'tags' else '[]' end) g
        where exists (select from pgwhen._message_of(g)) limit 1), pgwhen._query_value(p_url, 'pgwhen')),
      'detail', jsonb_build_object('code', e.error -> 'code', 'message', left(coalesce(e.error ->> 'detail', e.error ->> 'title'), 500)),
      'suppress', case when e.error ->> 'code' = '40300' then 'opt_out' end) as told
    from jsonb_array_elements(case when p_data ->> 'event_type' in ('message.sent', 'message.finalized') and jsonb_typeof(p.payload -> 'to') = 'array'
      then p.payload -> 'to' else '[]' end) with ordinality r (value, n)
    cross join lateral (select case
      when r.value ->> 'status' = 'delivered' then 'delivered'
      when r.value ->> 'status' in ('sending_failed', 'delivery_failed', 'expired') then 'failed'
      when r.value ->> 'status' in ('queued', 'sending', 'sent', 'delivery_unconfirmed') then 'accepted' end as status) s
    cross join lateral (select case when s.status = 'failed' then p.payload #> '{errors,0}' end as error) e
    where s.status is not null
    union all
    select pgwhen._told_text(p.payload ->> 'id', p.payload #>> '{from,phone_number}', p.payload #>> '{to,0,phone_number}', p.payload ->> 'text', p.at)
    where p_data ->> 'event_type' = 'message.received'
  ) t
  where t.told ->> 'id' is not null
$$;
comment on function pgwhen._told_by_telnyx(jsonb, text) is 'What a callback of Telnyx tells, as _record_deliveries takes it.';
