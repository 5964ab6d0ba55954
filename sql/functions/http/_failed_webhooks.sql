-- Through failures, the small table of what failed and was not retried. What has no message never came to be rendered: a value was missing,
-- a row was gone. The endpoint knows nothing of it.
create or replace function pgwhen._failed_webhooks(p_tenant text, p_name text, p_since timestamptz default null)
returns table (execution_id uuid, step_id text, generation integer, is_rendered boolean)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select f.execution_id, f.step_id, f.generation, exists (
    select from pgwhen.frozen_messages m
    where m.execution_id = f.execution_id and m.step_id = f.step_id and m.generation = f.generation and m.part = 0)
  from pgwhen.failures f
  join pgwhen.workflows w on w.workflow_id = f.workflow_id
  join pgwhen.executions x on x.execution_id = f.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = f.step_id
  where w.tenant = p_tenant and (p_since is null or f.failed_at >= p_since)
    and t.type = 'webhook' and t.definition ->> 'endpoint' = p_name
$$;
comment on function pgwhen._failed_webhooks(text, text, timestamptz) is 'Webhooks to an endpoint that failed since a time and that nobody has retried, with whether they could be rendered.';
