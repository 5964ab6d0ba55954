-- Public because views call functions with the rights of whoever reads them.
create or replace function pgwhen.current_tenant() returns text
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._tenant()
$$;
comment on function pgwhen.current_tenant() is 'The tenant that this session works for: what views and functions show and change.';
