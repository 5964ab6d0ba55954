-- Those that the tenant threw, and the one that stops everybody.
create or replace function pgwhen.list_kill_switches()
returns table (scope text, workflow text, thrown_at timestamptz, thrown_by text, reason text, held bigint)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select split_part(k.scope, ':', 1), w.workflow, k.thrown_at, k.thrown_by, k.reason,
    (select count(*) from pgwhen.held h where h.cause = k.scope and h.tenant = pgwhen._tenant())
  from pgwhen.kill_switches k
  left join pgwhen.workflows w on w.workflow_id = k.workflow_id
  where k.tenant = pgwhen._tenant() or k.scope = 'all'
  order by k.thrown_at
$$;
comment on function pgwhen.list_kill_switches() is 'Kill switches that keep the tenant''s actions back, and how many of them are held. scope is all, tenant or workflow.';
