-- Dispatch knows the event, the constants and the clock; for all else it has to build a context.
create or replace function pgwhen._needs_record(p_reads jsonb) returns boolean
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select exists (
    select from jsonb_array_elements(p_reads) r
    where r.value ->> 0 not in ('new', 'old', 'changed', 'input', 'vars', 'now', 'event')
      or (r.value ->> 0 = 'event' and coalesce(r.value ->> 1, 'table') in ('table', 'trigger')))
$$;
comment on function pgwhen._needs_record(jsonb) is 'Whether a trigger''s condition reads more than the event itself.';
