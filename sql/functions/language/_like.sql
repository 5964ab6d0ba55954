create or replace function pgwhen._like(p_text text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select regexp_replace(p_text, '([\\%_])', '\\\1', 'g')
$$;
comment on function pgwhen._like(text) is 'A text as a pattern of like that matches itself.';
