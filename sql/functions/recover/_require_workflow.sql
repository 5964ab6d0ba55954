-- A filter that names nothing would report that nothing failed.
create or replace function pgwhen._require_workflow(p_workflow text) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_workflow is not null and not exists (
    select from pgwhen.workflows w where w.tenant = pgwhen._tenant() and w.workflow = p_workflow
  ) then
    raise exception using errcode = 'WF200', message = format('workflow %s does not exist', p_workflow),
      hint = coalesce('Did you mean ' || pgwhen._nearest(p_workflow, array(
        select w.workflow from pgwhen.workflows w where w.tenant = pgwhen._tenant())) || '?', 'pgwhen workflows lists them.');
  end if;
end
$$;
comment on function pgwhen._require_workflow(text) is 'Refuses a name that no workflow of the tenant has; null passes.';
