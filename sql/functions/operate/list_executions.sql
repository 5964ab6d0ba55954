-- Newest first, along the primary key: the time range prunes partitions and the limit stops the scan. States of work in hand go
-- through unfinished, which is small. An id carries the time of the event; an execution may have started long after it (an
-- outage), hence a week of slack below p_since.
create or replace function pgwhen.list_executions(
  p_status text default null, p_workflow text default null, p_since timestamptz default null, p_limit integer default 50)
returns table (
  execution_id uuid, workflow text, version integer, status text, had_failures boolean, event text, record_key jsonb,
  started_at timestamptz, finished_at timestamptz, reason text, error jsonb)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_from uuid := rpad(pgwhen._id_at(coalesce(greatest(p_since, '1970-01-08Z') - interval '7 days', '1970-01-01Z')), 32, '0')::uuid;
  v_ids uuid[];
begin
  if p_status is not null and p_status not in ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled') then
    raise exception using errcode = 'WF155', message = format('%s is not a state of executions', quote_literal(p_status)),
      hint = 'The states are pending, running, waiting, completed, failed and cancelled.';
  end if;
  if p_limit is null or p_limit not between 1 and 10000 then
    raise exception using errcode = 'WF152', message = format('a page is 1 to 10000 executions, not %s', coalesce(p_limit::text, 'null')),
      hint = 'Leave p_limit out for the default of 50.';
  end if;
  perform pgwhen._require_workflow(p_workflow);

  if p_status in ('pending', 'running', 'waiting') then
    v_ids := array(
      select u.execution_id
      from pgwhen.unfinished u
      join pgwhen.workflows w on w.workflow_id = u.workflow_id and w.tenant = pgwhen._tenant()
      join pgwhen.executions x on x.execution_id = u.execution_id
      where (p_workflow is null or w.workflow = p_workflow) and x.status = p_status and x.body is null and (p_since is null or x.started_at >= p_since)
      order by u.execution_id desc
      limit p_limit);
  else
    v_ids := array(
      select x.execution_id
      from pgwhen.executions x
      join pgwhen.workflows w on w.workflow_id = x.workflow_id
      where x.execution_id >= v_from and x.tenant = pgwhen._tenant()
        and (p_workflow is null or w.workflow = p_workflow) and (p_status is null or x.status = p_status)
        and (p_since is null or x.started_at >= p_since) and x.body is null
      order by x.execution_id desc
      limit p_limit);
  end if;
  return query
    select x.execution_id, w.workflow, x.version, x.status, x.had_failures, e.type, x.record_key, x.started_at, x.finished_at,
      x.reason, x.error
    from unnest(v_ids) with ordinality i (execution_id, n)
    join pgwhen.executions x on x.execution_id = i.execution_id
    join pgwhen.workflows w on w.workflow_id = x.workflow_id
    left join pgwhen.events e on e.event_id = x.event_id
    order by i.n;
end
$$;
comment on function pgwhen.list_executions(text, text, timestamptz, integer) is 'The newest executions of the tenant, by status, workflow and start time. Items of loops are not among them: show_execution has them.
event is what started it (jobs.updated, or the type of an application event); record_key the primary key of its record.';
