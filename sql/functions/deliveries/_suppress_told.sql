-- What was told for the first time only, so that an old callback that comes again suppresses nobody anew. STOP concerns whoever sends
-- by that number, hence all tenants that share the connection; START takes back what STOP, or the provider for it, wrote.
create or replace function pgwhen._suppress_told(p_rows jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._suppress(s.tenant, d.channel, d.address, case when d.status = 'unsubscribed' then t.compiled ->> 'category' end,
    d.told ->> 'suppress', case when d.status = 'received' then 'STOP' else d.connection end,
    coalesce(d.detail ->> 'message', d.detail ->> 'keyword', d.event))
  from jsonb_to_recordset(p_rows) as d (tenant text, connection_tenant text, connection text, channel text, address text, status text, event text,
    detail jsonb, told jsonb, execution_id uuid, step_id text)
  left join lateral (
    select e.workflow_id, e.version from pgwhen.executions e where e.execution_id = d.execution_id offset 0) x on true
  left join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = d.step_id
  cross join lateral (
    select d.tenant where d.status <> 'received'
    union all
    select n from pgwhen._sharing_tenants(d.connection_tenant, d.connection) n where d.status = 'received') s (tenant)
  where d.told ->> 'suppress' in ('opt_out', 'bounce', 'complaint') and d.address is not null;

  delete from pgwhen.suppressions u
  using jsonb_to_recordset(p_rows) as d (connection_tenant text, connection text, channel text, address text, told jsonb)
  where d.told ->> 'suppress' = 'lift' and u.channel = d.channel and u.address = pgwhen._plain_address(d.channel, d.address)
    and u.reason = 'opt_out' and u.category is null and u.source in ('STOP', d.connection)
    and u.tenant in (select pgwhen._sharing_tenants(d.connection_tenant, d.connection));
end
$$;
comment on function pgwhen._suppress_told(jsonb) is 'Writes, and takes back, the suppressions that follow from what providers told.';
