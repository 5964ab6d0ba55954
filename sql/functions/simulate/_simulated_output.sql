-- What providers answer when all is well, in the fewest words.
create or replace function pgwhen._simulated_output(p_type text) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_type
    when 'email' then '{"message_id": "<simulated>", "provider": "simulated"}'::jsonb
    when 'sms' then '{"message_id": "simulated", "provider": "simulated", "segments": 1}'
    when 'http' then '{"status": 200, "headers": {}, "json": {}, "text": "{}"}'
    else '{}'
  end
$$;
comment on function pgwhen._simulated_output(text) is 'Output that an action of a type is said to have when nobody says another.';
