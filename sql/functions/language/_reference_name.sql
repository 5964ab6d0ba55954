-- client_id, clientId and client_uuid lead to the client; a column without such an ending keeps its name.
create or replace function pgwhen._reference_name(p_column text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when s.name ~ '.+_(id|uuid)$' then regexp_replace(s.name, '_(id|uuid)$', '') else s.name end
  from (select pgwhen._snake(p_column) as name) s
$$;
comment on function pgwhen._reference_name(text) is 'What the row that a foreign key column points to is called.';
