create or replace function pgwhen._wait_key(p_wait jsonb, p_given jsonb) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_wait -> 'key' = 'null' then p_wait ->> 'source'
    else pgwhen._watch_key(p_wait ->> 'source', p_wait -> 'key' ->> 'column', p_wait -> 'key' ->> 'type',
      coalesce(p_wait -> 'key' -> 'literal', p_given -> (p_wait -> 'key' ->> 'given')::integer))
  end
$$;
comment on function pgwhen._wait_key(jsonb, jsonb) is 'Key of a wait for an event, with the values that it compares with; null where nothing can match.';
