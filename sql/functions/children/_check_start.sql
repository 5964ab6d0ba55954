-- What can be known when the step is published: the other workflow may be changed, paused or archived afterwards, and then the step
-- fails and says so.
create or replace function pgwhen._check_start(p_workflow text, p_own text, p_tenant text, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_status text;
begin
  if p_workflow is null or p_workflow = p_own then
    return '[]'::jsonb;
  end if;
  select w.status into v_status from pgwhen.workflows w where w.tenant = p_tenant and w.workflow = p_workflow;
  if v_status is null then
    return pgwhen._problem('WF043', p_path, format('there is no workflow %s', p_workflow),
      coalesce('did you mean ' || pgwhen._nearest(p_workflow, array(
        select w.workflow from pgwhen.workflows w where w.tenant = p_tenant and w.status <> 'archived')) || '?', 'apply it first'));
  elsif v_status = 'archived' then
    return pgwhen._problem('WF043', p_path, format('the workflow %s is archived', p_workflow), 'apply it under another name');
  elsif v_status = 'active' and not exists (
      select from pgwhen.workflows w
      join pgwhen.triggers t on t.workflow_id = w.workflow_id and t.version = w.active_version
      where w.tenant = p_tenant and w.workflow = p_workflow and t.kind = 'manual') then
    return pgwhen._problem('WF043', p_path, format('the workflow %s has no manual trigger', p_workflow), 'add {manual: true} to its when');
  end if;
  return '[]'::jsonb;
end
$$;
comment on function pgwhen._check_start(text, text, text, text) is 'Problems with the workflow that a start step names.';
