-- A compiled match has the row, or the input, under (row), and what it compares with under (given).
create or replace function pgwhen._event_context(p_event pgwhen.events, p_given jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('(row)', coalesce(p_event.new, p_event.old, p_event.input), '(given)', p_given, 'now', p_event.occurred_at)
$$;
comment on function pgwhen._event_context(pgwhen.events, jsonb) is 'What the condition of a wait sees of an event.';
