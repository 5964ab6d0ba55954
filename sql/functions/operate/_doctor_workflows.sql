-- A workflow whose table was detached waits for ever.
create or replace function pgwhen._doctor_workflows() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with problem (status, detail, hint) as (
    select distinct 'error', format('workflow %s waits for %s.%s, which is not attached', w.workflow, a.schema_name, a.table_name),
      format('As its owner: pgwhen attach %s.%s; or: pgwhen archive %s', a.schema_name, a.table_name, w.workflow)
    from pgwhen.workflows w
    join pgwhen.triggers t on t.workflow_id = w.workflow_id and t.version = w.active_version and t.enabled
    join pgwhen.attachments a on a.attachment_id = t.attachment_id
    where w.status = 'active' and w.tenant = pgwhen._tenant() and a.detached_at is not null
    union
    select 'error', format('executions of %s wait for %s.%s, which is not attached', w.workflow, a.schema_name, a.table_name),
      format('As its owner: pgwhen attach %s.%s', a.schema_name, a.table_name)
    from pgwhen.watches k
    join pgwhen.workflows w on w.workflow_id = k.workflow_id
    join pgwhen.attachments a on a.attachment_id = k.attachment_id
    where w.tenant = pgwhen._tenant() and a.detached_at is not null
      and exists (select from pgwhen.unfinished u where u.workflow_id = k.workflow_id and u.version = k.version)
    union all
    select 'warning', format('workflow %s has a draft that is not published', w.workflow), null
    from pgwhen.workflows w
    where w.tenant = pgwhen._tenant() and w.draft is not null and w.status in ('active', 'paused')
  )
  select 'workflows', p.status, p.detail, p.hint from problem p
  union all
  select 'workflows', 'ok', format('%s active, %s paused', count(*) filter (where w.status = 'active'), count(*) filter (where w.status = 'paused')), null
  from pgwhen.workflows w
  where w.tenant = pgwhen._tenant()
  having not exists (select from problem p where p.status = 'error')
$$;
comment on function pgwhen._doctor_workflows() is 'doctor: workflows that cannot start, and executions that wait for what is not captured.';
