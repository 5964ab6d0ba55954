-- What providers answer when all is well, in the fewest words.
create or replace function pgwhen._simulated_output(p_type text) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_type
    when 'email' then '{"message_id": "<simulated>", "provider": "simulated"}'::jsonb
    when 'sms' then '{"message_id": "simulated", "provider": "simulated", "segments": 1}'
    when 'push' then '{"message_id": "simulated", "provider": "simulated"}'
    when 'chat' then '{"message_id": "1000000000.000001", "provider": "simulated", "channel": "simulated"}'
    when 'webhook' then '{"status": 200}'
    when 'document' then '{"id": "00000000-0000-0000-0000-000000000000", "file": "simulated", "media_type": "text/html", "size": 0, "sha256": ""}'
    when 'calendar' then '{"id": "00000000-0000-0000-0000-000000000000", "file": "invite.ics", "media_type": "text/calendar", "size": 0, "sha256": "", "uid": "simulated", "sequence": 0}'
    when 'http' then '{"status": 200, "headers": {}, "json": {}, "text": "{}"}'
    else '{}'
  end
$$;
comment on function pgwhen._simulated_output(text) is 'Output that an action of a type is said to have when nobody says another.';
