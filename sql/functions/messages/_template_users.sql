-- Steps of active versions that get the tenant's template: its own, and where it is the house's those of tenants without one.
create or replace function pgwhen._template_users(p_tenant text, p_message text) returns table (tenant text, workflow text, step_id text, step jsonb)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select w.tenant, w.workflow, s.step_id, s.definition || jsonb_build_object('type', s.type)
  from pgwhen.workflows w
  join pgwhen.steps s on s.workflow_id = w.workflow_id and s.version = w.active_version
  where w.status in ('active', 'paused')
    and case s.type when 'notification' then s.definition -> 'message' else s.definition -> 'template' end = to_jsonb(p_message)
    and (w.tenant = p_tenant or p_tenant = 'default' and not exists (
      select from pgwhen.message_templates t where t.tenant = w.tenant and t.message = p_message and t.removed_at is null))
  order by w.tenant, w.workflow, s.step_id
$$;
comment on function pgwhen._template_users(text, text) is 'Steps of published workflows that use a stored template.';
