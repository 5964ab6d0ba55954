-- Null is the draft.
create or replace function pgwhen._version_number(p_workflow pgwhen.workflows, p_text text) returns integer
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_version integer := case when p_text = 'active' then p_workflow.active_version when p_text ~ '^[0-9]{1,9}$' then p_text::integer end;
begin
  if p_text = 'draft' and p_workflow.draft is not null then
    return null;
  elsif v_version is null or not exists (
      select from pgwhen.versions v where v.workflow_id = p_workflow.workflow_id and v.version = v_version) then
    raise exception using errcode = 'WF225',
      message = case when p_text in ('draft', 'active') then format('the workflow %s has no %s', p_workflow.workflow, case p_text when 'draft' then 'draft' else 'active version' end)
        else format('the workflow %s has no version %s', p_workflow.workflow, coalesce(p_text, 'null')) end,
      hint = format('pgwhen versions %s lists them; draft and active are names, too.', p_workflow.workflow);
  end if;
  return v_version;
end
$$;
comment on function pgwhen._version_number(pgwhen.workflows, text) is 'Number of a version that is named by its number, active or draft.';
