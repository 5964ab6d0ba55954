create or replace function pgwhen._step_types() returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select string_agg(l.key, ', ' order by l.place) from pgwhen._language() l where l.scope = 'type' and l.supported
$$;
comment on function pgwhen._step_types() is 'Types of steps that work, as a list for people.';
