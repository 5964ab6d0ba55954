-- A name that no connection can have: what is held for an endpoint stands beside what is held for connections.
create or replace function pgwhen._endpoint_connection(p_name text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select 'endpoint:' || p_name
$$;
comment on function pgwhen._endpoint_connection(text) is 'What held.connection says of actions that wait for an endpoint.';
