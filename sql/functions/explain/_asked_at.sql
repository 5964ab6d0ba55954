-- An event starts what was active when it occurred; a replay or backfill, what was active when it was asked for.
create or replace function pgwhen._asked_at(p_event pgwhen.events) returns timestamptz
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce((p_event.notes #>> '{request,at}')::timestamptz, p_event.occurred_at)
$$;
comment on function pgwhen._asked_at(pgwhen.events) is 'The time that decides what an event starts.';
