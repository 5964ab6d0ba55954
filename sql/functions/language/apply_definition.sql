-- Makes the database match a definition and says what that took. An unchanged definition makes no version; its source text is
-- kept, comments may have changed. With p_publish false it waits as a draft for publish_workflow. Everything is checked either
-- way, and p_dry_run only checks and says.
create or replace function pgwhen.apply_definition(p_definition jsonb, p_source text default null,
  p_publish boolean default true, p_dry_run boolean default false)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_examined jsonb := pgwhen._examine(p_definition, v_tenant);
  v_definition jsonb := v_examined -> 'definition';
  v_identifier text;
  v_workflow pgwhen.workflows;
  v_before jsonb;
  v_plan text;
  v_version integer;
begin
  perform pgwhen._refuse_problems(v_examined -> 'problems', coalesce(p_definition ->> 'workflow', p_definition ->> 'name'));
  v_identifier := v_definition ->> 'workflow';
  if not p_dry_run then
    perform pgwhen._lock_definitions();
    insert into pgwhen.workflows (tenant, workflow, name, created_at, updated_at)
    values (v_tenant, v_identifier, coalesce(v_definition ->> 'name', v_identifier), pgwhen._now(), pgwhen._now())
    on conflict (tenant, workflow) do nothing;
  end if;
  select w.* into v_workflow from pgwhen.workflows w where w.tenant = v_tenant and w.workflow = v_identifier;
  if v_workflow.status = 'archived' then
    raise exception using errcode = 'WF303', message = format('the workflow %s is archived', v_identifier),
      hint = 'Give the definition another identifier.';
  end if;
  v_before := coalesce(v_workflow.draft,
    (select v.definition from pgwhen.versions v where v.workflow_id = v_workflow.workflow_id
      and v.version = v_workflow.active_version));
  v_plan := case when v_before is null then 'created' when v_before = v_definition and (not p_publish or v_workflow.draft is null)
    then 'unchanged' else 'changed' end;
  v_version := v_workflow.active_version;
  if not p_dry_run then
    perform from pgwhen.workflows w where w.workflow_id = v_workflow.workflow_id for update;
    if v_plan = 'unchanged' then
      update pgwhen.versions v set source = p_source
      where v.workflow_id = v_workflow.workflow_id and v.version = v_version and v_workflow.draft is null and p_source is not null
        and v.source is distinct from p_source;
      update pgwhen.workflows w set draft_source = p_source
      where w.workflow_id = v_workflow.workflow_id and v_workflow.draft is not null and p_source is not null;
    elsif p_publish then
      v_version := pgwhen._publish(v_workflow.workflow_id, v_definition, p_source, v_examined -> 'analysis');
    else
      update pgwhen.workflows w set draft = v_definition, draft_source = p_source, updated_at = pgwhen._now()
        where w.workflow_id = v_workflow.workflow_id;
    end if;
    if v_plan <> 'unchanged' then
      perform pgwhen._audit('apply_definition', array[v_identifier], null,
        jsonb_build_object('plan', v_plan, 'version', v_version, 'published', p_publish));
    end if;
  end if;
  return jsonb_build_object('workflow', v_identifier, 'name', coalesce(v_definition ->> 'name', v_identifier), 'plan', v_plan,
    'version', case when p_dry_run and p_publish and v_plan <> 'unchanged' then coalesce(
        (select max(v.version) from pgwhen.versions v where v.workflow_id = v_workflow.workflow_id), 0) + 1 else v_version end,
    'status', case when p_publish and coalesce(v_workflow.status, 'draft') = 'draft' then 'active' else coalesce(v_workflow.status, 'draft') end,
    'published', p_publish, 'dry_run', p_dry_run,
    'changes', case when v_plan = 'changed' then pgwhen._definition_changes(v_before, v_definition) else '[]' end,
    'warnings', (select coalesce(jsonb_agg(p.value order by p.value ->> 'path'), '[]') from jsonb_array_elements(v_examined -> 'problems') p where p.value ->> 'severity' = 'warning'),
    'grants', '[]'::jsonb,
    'existing', case when v_plan = 'created' and p_publish and not p_dry_run then pgwhen._count_existing(v_identifier) end,
    'unfinished', (select coalesce(jsonb_object_agg(u.version, u.count), '{}') from (
      select n.version, count(*) from pgwhen.unfinished n where n.workflow_id = v_workflow.workflow_id group by n.version) u));
end
$$;
comment on function pgwhen.apply_definition(jsonb, text, boolean, boolean) is 'Creates or changes a workflow from its definition, publishes it, and returns what changed. Raises WF001 with all problems.';
