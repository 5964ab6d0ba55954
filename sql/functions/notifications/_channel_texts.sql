-- One message serves all channels: each takes what it can show.
create or replace function pgwhen._channel_texts(p_channel text, p_message jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_channel
    when 'email' then p_message - 'title' - case when p_message ? 'markdown' then '{text,html}'::text[] else '{}' end
    when 'push' then jsonb_strip_nulls(jsonb_build_object('title', coalesce(p_message -> 'title', p_message -> 'subject'),
      'text', coalesce(p_message -> 'text', p_message -> 'markdown')))
    else jsonb_build_object('text', coalesce(p_message -> 'text', p_message -> 'markdown')) end
$$;
comment on function pgwhen._channel_texts(text, jsonb) is 'Keys of a step of a channel from the message of a notification.';
