-- Taken before the connections are changed, by everybody who changes them: its row lock puts changes in an order, and whoever reads
-- the new number reads what was committed with it.
create or replace function pgwhen._next_connections_revision() returns bigint
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  update pgwhen.connection_revisions r
  set revision = greatest(r.revision + 1, floor(extract(epoch from pgwhen._now()) * 1000000)::bigint)
  returning r.revision
$$;
comment on function pgwhen._next_connections_revision() is 'The number of a change of the defined connections; pollers ask for them when it differs from theirs.';
