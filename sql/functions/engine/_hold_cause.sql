-- The widest switch that concerns an action; null where it may go.
create or replace function pgwhen._hold_cause(p_tenant text, p_workflow_id integer, out cause text, out reason text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select k.scope, format('kill switch %s: %s', case when k.workflow_id is not null then 'of the workflow' when k.scope = 'all' then 'of everything'
    else 'of the tenant' end, k.reason)
  from pgwhen.kill_switches k
  where k.scope in ('all', 'tenant:' || p_tenant, 'workflow:' || p_workflow_id)
  order by k.scope
  limit 1
$$;
comment on function pgwhen._hold_cause(text, integer) is 'The kill switch that keeps the actions of a workflow back, and the reason in words; null where none does.';
