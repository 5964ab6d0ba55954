-- Only the house, the tenant default, may stop everybody.
create or replace function pgwhen._switch_scope(p_workflow text, p_all boolean) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_all and pgwhen._tenant() <> 'default' then
    raise exception using errcode = 'WF172', message = format('the tenant %s may not stop all tenants', pgwhen._tenant()),
      hint = 'Leave the choice of all away: then the switch is for this tenant.';
  elsif p_all then
    return 'all';
  elsif p_workflow is null then
    return 'tenant:' || pgwhen._tenant();
  end if;
  perform pgwhen._require_workflow(p_workflow);
  return (select 'workflow:' || w.workflow_id from pgwhen.workflows w where w.tenant = pgwhen._tenant() and w.workflow = p_workflow);
end
$$;
comment on function pgwhen._switch_scope(text, boolean) is 'What a kill switch is for, as the key of its row.';
