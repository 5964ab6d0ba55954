-- Who would miss it: versions that start or have unfinished executions, of the tenant, and of others that have none of that name where
-- it is the common one.
create or replace function pgwhen._connection_users(p_tenant text, p_name text) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with version as (
    select w.workflow_id, w.active_version as version, w.tenant, w.workflow from pgwhen.workflows w where w.status = 'active'
    union
    select u.workflow_id, u.version, w.tenant, w.workflow
    from (select distinct u.workflow_id, u.version from pgwhen.unfinished u) u
    join pgwhen.workflows w on w.workflow_id = u.workflow_id
  )
  select coalesce(array_agg(distinct case v.tenant when p_tenant then v.workflow else v.tenant || '/' || v.workflow end), '{}')
  from version v
  join pgwhen.steps s on s.workflow_id = v.workflow_id and s.version = v.version
  where (s.definition ->> 'connection' = p_name
      or exists (select from jsonb_each_text(case jsonb_typeof(s.definition -> 'connections') when 'object' then s.definition -> 'connections' end) n where n.value = p_name))
    and (v.tenant = p_tenant or p_tenant = 'default' and not exists (
      select from pgwhen.connections own where own.tenant = v.tenant and own.name = p_name))
$$;
comment on function pgwhen._connection_users(text, text) is 'Workflows whose steps name a connection, those of other tenants as tenant/workflow.';
