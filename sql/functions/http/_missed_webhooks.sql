-- Through failures, the small table of what failed and was not retried.
create or replace function pgwhen._missed_webhooks(p_tenant text, p_name text, p_since timestamptz default null)
returns table (execution_id uuid, step_id text, generation integer)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select f.execution_id, f.step_id, f.generation
  from pgwhen.failures f
  join pgwhen.workflows w on w.workflow_id = f.workflow_id
  join pgwhen.executions x on x.execution_id = f.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = f.step_id
  where w.tenant = p_tenant and (p_since is null or f.failed_at >= p_since)
    and t.type = 'webhook' and t.definition ->> 'endpoint' = p_name
$$;
comment on function pgwhen._missed_webhooks(text, text, timestamptz) is 'Webhooks to an endpoint that failed since a time and that nobody has retried.';
