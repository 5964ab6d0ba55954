-- A number from the settings table, with the default that applies where the row was deleted.
create or replace function pgwhen._setting(p_name text, p_default integer) returns integer
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce((select (s.value #>> '{}')::integer from pgwhen.settings s where s.name = p_name), p_default)
$$;
comment on function pgwhen._setting(text, integer) is 'Numeric setting p_name, else p_default.';
