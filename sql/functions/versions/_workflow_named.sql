-- As _workflow, for whoever only looks: without a lock.
create or replace function pgwhen._workflow_named(p_workflow text) returns pgwhen.workflows
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._require_workflow(coalesce(p_workflow, ''));
  return (select w from pgwhen.workflows w where w.tenant = pgwhen._tenant() and w.workflow = p_workflow);
end
$$;
comment on function pgwhen._workflow_named(text) is 'A workflow of the session''s tenant by its identifier.';
