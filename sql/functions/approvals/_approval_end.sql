create or replace function pgwhen._approval_end(p_workflow_id integer, p_version integer, p_step_id text) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when exists (
      select from pgwhen.edges e
      where e.workflow_id = p_workflow_id and e.version = p_version and e.source = p_step_id and e.outcome = 'timed_out')
      then 'then it goes on as timed out'
    else 'then it fails'
  end
$$;
comment on function pgwhen._approval_end(integer, integer, text) is 'What happens when an approval is not decided in time, in words.';
