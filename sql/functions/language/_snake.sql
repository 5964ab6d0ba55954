-- first_name for firstName, and an identifier's characters for anything else.
create or replace function pgwhen._snake(p_name text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select regexp_replace(lower(regexp_replace(regexp_replace(p_name, '([a-z0-9])([A-Z])', '\1_\2', 'g'), '([A-Z])([A-Z][a-z])',
    '\1_\2', 'g')),
    '[^[:alnum:]_]+', '_', 'g')
$$;
comment on function pgwhen._snake(text) is 'A name in snake case: firstName becomes first_name.';
