-- The key is taken first: a second session waits here until the first has committed, then finds its event; if the first
-- rolls back, the key is free. The id is written afterwards, since it is made of the number of the message.
create or replace function pgwhen._enqueue_once(p_source text, p_key text, p_message jsonb) returns uuid
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_event_id uuid;
begin
  if p_key is null then
    return pgwhen._enqueue_event(p_message, v_now);
  end if;
  insert into pgwhen.start_keys (source, key, event_id, taken_at)
  values (p_source, p_key, '00000000-0000-0000-0000-000000000000', v_now)
  on conflict (source, key) do nothing;
  if not found then
    select k.event_id into strict v_event_id from pgwhen.start_keys k where k.source = p_source and k.key = p_key;
    return v_event_id;
  end if;
  v_event_id := pgwhen._enqueue_event(p_message, v_now);
  update pgwhen.start_keys k set event_id = v_event_id where k.source = p_source and k.key = p_key;
  return v_event_id;
end
$$;
comment on function pgwhen._enqueue_once(text, text, jsonb) is 'Puts a message into the queue of events unless its key was used; returns the event''s id, or the first one''s.';
