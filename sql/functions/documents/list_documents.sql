-- Ids of executions begin with their time, so that the newest are found without a sort over all weeks.
create or replace function pgwhen.list_documents(p_execution_id uuid default null, p_limit integer default 100)
returns table (
  document_id uuid, execution_id uuid, workflow text, step_id text, file text, media_type text, size integer, sha256 text, created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_limit is null or p_limit not between 1 and 10000 then
    raise exception using errcode = 'WF152', message = format('%s is not a page size', coalesce(p_limit::text, 'null')),
      hint = 'Give 1 to 10,000.';
  end if;
  return query
  select d.document_id, d.execution_id, w.workflow, d.step_id, d.file, d.media_type, d.size, d.sha256, d.created_at
  from pgwhen.documents d
  left join pgwhen.executions x on x.execution_id = d.execution_id
  left join pgwhen.workflows w on w.workflow_id = x.workflow_id
  where d.tenant = pgwhen._tenant() and (p_execution_id is null or d.execution_id = p_execution_id)
  order by d.execution_id desc, d.document_id
  limit p_limit;
end
$$;
comment on function pgwhen.list_documents(uuid, integer) is 'Documents of the tenant, or of one execution, those of the newest executions first, without their contents.
size is in bytes. Raises WF152 for a p_limit that is not 1 to 10,000.';
