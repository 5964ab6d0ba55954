create or replace function pgwhen._endpoint_workflows(p_tenant text, p_name text) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select array(
    select distinct w.workflow
    from pgwhen.workflows w
    join pgwhen.steps t on t.workflow_id = w.workflow_id and t.version = w.active_version
    where w.tenant = p_tenant and w.status <> 'archived' and t.type = 'webhook' and t.definition ->> 'endpoint' = p_name
    order by w.workflow)
$$;
comment on function pgwhen._endpoint_workflows(text, text) is 'Workflows whose published version tells an endpoint something.';
