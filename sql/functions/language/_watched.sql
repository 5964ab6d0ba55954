-- From the steps and exit_on of a version, what its executions may wait for. A record that is watched may be updated, deleted and,
-- under the same key, made again.
create or replace function pgwhen._watched(p_steps jsonb, p_compiled jsonb)
returns table (source text, key_column text, type text, attachment_id integer, operation text)
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with watch as (
    select s.value -> 'compiled' -> 'wait' as watch from jsonb_array_elements(p_steps) s where s.value -> 'compiled' -> 'wait' ? 'source'
    union all
    select e.value from jsonb_array_elements(p_compiled -> 'exit_on') e
  )
  select distinct case o when 'event' then w.watch ->> 'source' else format('%s:%s', o, w.watch ->> 'attachment') end,
    coalesce(w.watch -> 'key' ->> 'column', ''), coalesce(w.watch -> 'key' ->> 'type', ''), (w.watch ->> 'attachment')::integer, o
  from watch w
  cross join lateral jsonb_array_elements_text(w.watch -> 'operations') o
  union
  select format('%s:%s', o, a), '*', '', a::integer, o
  from jsonb_array_elements_text(p_compiled -> 'attachments') a
  cross join unnest('{insert,update,delete}'::text[]) o
  where exists (
    select from jsonb_array_elements(p_steps) s
    where case
      when s.value -> 'compiled' -> 'wait' ? 'until' or s.value -> 'compiled' -> 'watch' = '"value"' or s.value -> 'compiled' -> 'leave' ? 'exit_if'
        and s.value -> 'compiled' ? 'watch' then true
      else o = 'delete' and s.value -> 'compiled' ? 'watch' end)
$$;
comment on function pgwhen._watched(jsonb, jsonb) is 'Rows of watches for a version.';
