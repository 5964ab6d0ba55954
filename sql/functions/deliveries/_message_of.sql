-- Our key in the two forms in which it travels: as it is, and with underlines where a provider takes nothing else.
create or replace function pgwhen._message_of(p_key text)
returns table (execution_id uuid, step_id text, generation integer, part integer)
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select m[1]::uuid, coalesce(m[2], m[7]), coalesce(m[3], m[5])::integer, coalesce(m[4], m[6])::integer
  from regexp_match(p_key, '^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::([^:]{1,100}):([0-9]{1,9}):([0-9]{1,9})|_([0-9]{1,9})_([0-9]{1,9})_(.{1,100}))$') m
  where m is not null
$$;
comment on function pgwhen._message_of(text) is 'The message that our key names, EXECUTION:STEP:GENERATION:PART or EXECUTION_GENERATION_PART_STEP; no row for anything else.';
