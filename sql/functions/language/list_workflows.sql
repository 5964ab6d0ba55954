-- For people: what there is, what starts it, and whether it works.
create or replace function pgwhen.list_workflows()
returns table (workflow text, name text, status text, version integer, has_draft boolean, triggers text[], unfinished bigint,
  published_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select w.workflow, w.name, w.status, w.active_version, w.draft is not null,
    coalesce((
      select array_agg(pgwhen._trigger_text(t, a.table_name) order by t.trigger_no)
      from pgwhen.triggers t
      left join pgwhen.attachments a on a.attachment_id = t.attachment_id
      where t.workflow_id = w.workflow_id and t.version = w.active_version), '{}'),
    coalesce(u.count, 0), v.published_at
  from pgwhen.workflows w
  left join pgwhen.versions v on v.workflow_id = w.workflow_id and v.version = w.active_version
  left join (select n.workflow_id, count(*) from pgwhen.unfinished n group by n.workflow_id) u on u.workflow_id = w.workflow_id
  where w.tenant = pgwhen._tenant()
  order by w.workflow
$$;
comment on function pgwhen.list_workflows() is 'Workflows of the tenant: state, version, what starts them.';
