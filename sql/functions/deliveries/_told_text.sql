create or replace function pgwhen._told_text(p_id text, p_from text, p_to text, p_text text, p_at timestamptz, p_opt_out_type text default null)
returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('id', 'received:' || p_id, 'message_id', p_id, 'status', 'received', 'event', 'received', 'at', p_at,
    'address', coalesce(pgwhen._plain_address('sms', p_from), p_from), 'to', coalesce(pgwhen._plain_address('sms', p_to), p_to), 'text', left(p_text, 100000),
    'detail', jsonb_build_object('keyword', k.word, 'to', left(p_to, 100)), 'suppress', case k.word when 'stop' then 'opt_out' when 'start' then 'lift' end)
  from (select pgwhen._keyword(p_text, p_opt_out_type) as word) k
$$;
comment on function pgwhen._told_text(text, text, text, text, timestamptz, text) is 'A text message from a person, as _record_deliveries takes it. Its text goes into the event alone.';
