-- What people type, for retry and cancel, which take whole ids.
create or replace function pgwhen.find_execution(p_execution text) returns uuid
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._find_execution(p_execution)
$$;
comment on function pgwhen.find_execution(text) is 'The id of the one execution that begins with a text.';
