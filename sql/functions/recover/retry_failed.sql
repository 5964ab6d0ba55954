-- By filter, through the failures, never the history. In pages by id: an execution that fails again at once is behind the page, so
-- that a caller who goes on until nothing comes back ends.
create or replace function pgwhen.retry_failed(
  p_workflow text default null, p_since timestamptz default null, p_reason text default null,
  p_after uuid default null, p_max integer default 1000)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_ids uuid[];
begin
  if p_max is null or p_max not between 1 and 10000 then
    raise exception using errcode = 'WF152',
      message = format('a page is 1 to 10000 executions, not %s', coalesce(p_max::text, 'null')),
      hint = 'Leave p_max out for the default of 1000.';
  end if;
  perform pgwhen._require_workflow(p_workflow);
  v_ids := array(
    select distinct f.execution_id
    from pgwhen.failures f
    join pgwhen.workflows w on w.workflow_id = f.workflow_id
    where w.tenant = pgwhen._tenant() and (p_workflow is null or w.workflow = p_workflow)
      and (p_since is null or f.failed_at >= p_since)
      and (p_after is null or f.execution_id > p_after)
    order by f.execution_id
    limit p_max);
  if cardinality(v_ids) > 0 then
    return query select r.execution_id, r.result from pgwhen.retry_executions(v_ids, p_reason) r;
  end if;
end
$$;
comment on function pgwhen.retry_failed(text, timestamptz, text, uuid, integer) is 'Retries the executions whose steps failed, of one workflow or all, since a time: the first p_max after p_after, in order of id.
Call again with the last id as p_after until nothing comes back.';
