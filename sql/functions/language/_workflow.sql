-- A workflow of the session's tenant, its row locked: whoever changes its state decides on what it is, not on what it was.
create or replace function pgwhen._workflow(p_workflow text) returns pgwhen.workflows
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_workflow pgwhen.workflows;
begin
  select w.* into v_workflow from pgwhen.workflows w where w.tenant = v_tenant and w.workflow = p_workflow for update;
  if not found then
    raise exception using errcode = 'WF200', message = format('workflow %s does not exist', coalesce(p_workflow, 'null')),
      hint = coalesce('Did you mean '
        || pgwhen._nearest(p_workflow, array(select w.workflow from pgwhen.workflows w where w.tenant = v_tenant)) || '?',
          'pgwhen workflows lists them.');
  end if;
  return v_workflow;
end
$$;
comment on function pgwhen._workflow(text) is 'A workflow by its identifier, locked; raises WF230 if there is none.';
