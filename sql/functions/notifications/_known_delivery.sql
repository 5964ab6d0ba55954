-- What the provider told, where its callbacks are set up.
create or replace function pgwhen._known_delivery(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when bool_or(d.status in ('delivered', 'opened', 'clicked')) then 'delivered' when bool_or(d.status in ('bounced', 'failed')) then 'failed' end
  from pgwhen.deliveries d
  where d.execution_id = p_execution_id and d.step_id = p_step_id and d.generation = p_generation and d.part = p_part
$$;
comment on function pgwhen._known_delivery(uuid, text, integer, integer) is 'Whether a message is known to have been delivered or to have failed: delivered, failed, or null.';
