-- As with workflows: a filter that names nothing would report that nothing failed. Any version counts, since executions keep theirs.
create or replace function pgwhen._require_step(p_step text, p_workflow_ids integer[]) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_step is not null and p_workflow_ids <> '{}' and not exists (
    select from pgwhen.steps t where t.workflow_id = any (p_workflow_ids) and t.step_id = p_step
  ) then
    raise exception using errcode = 'WF203', message = format('step %s does not exist', p_step),
      detail = 'No version of the workflow has it.',
      hint = coalesce('Did you mean ' || pgwhen._nearest(p_step, array(
        select distinct t.step_id from pgwhen.steps t where t.workflow_id = any (p_workflow_ids))) || '?', 'pgwhen show EXECUTION lists the steps.');
  end if;
end
$$;
comment on function pgwhen._require_step(text, integer[]) is 'Refuses a step that no version of some workflows has; null passes.';
