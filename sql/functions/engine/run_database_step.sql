-- Part of the contract from the start, so that pollers call it already. No step type of this version runs this way.
create or replace function pgwhen.run_database_step() returns jsonb
language sql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select null::jsonb
$$;
comment on function pgwhen.run_database_step() is 'Runs one database step (query, create, update, delete, call) in a transaction of its own; null when there is none.';
