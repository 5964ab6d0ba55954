create or replace function pgwhen._missed_webhooks(p_tenant text, p_name text, p_since timestamptz default null)
returns table (execution_id uuid, step_id text, generation integer)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select f.execution_id, f.step_id, f.generation from pgwhen._failed_webhooks(p_tenant, p_name, p_since) f where f.is_rendered
$$;
comment on function pgwhen._missed_webhooks(text, text, timestamptz) is 'Webhooks that an endpoint was to get and did not: they failed since a time, and nobody has retried them.';
