-- The result of an awaited execution is that of the steps that nothing comes after. One that failed or was cancelled fails the step
-- that waited for it.
create or replace function pgwhen._end_starts(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[];
  v_failed pgwhen.step_ref[];
begin
  with ended as materialized (
    select r.execution_id as parent_execution_id, r.step_id as parent_step_id, 0 as part, c.place, x.execution_id, x.status, x.reason,
      w.workflow, pgwhen._item_error(x.status, x.reason, x.error) as error,
      jsonb_build_object('execution', x.execution_id, 'status', x.status, 'reason', x.reason, 'outputs', (
        select coalesce(jsonb_object_agg(s.step_id, s.output), '{}')
        from pgwhen.execution_steps s
        where s.execution_id = x.execution_id and s.part = 0 and s.status = 'completed' and not exists (
          select from pgwhen.edges e where e.workflow_id = x.workflow_id and e.version = x.version and e.source = s.step_id))) as output
    from unnest(p_steps) r
    cross join lateral (
      select c.execution_id, c.ctid as place from pgwhen.children c
      where c.parent_execution_id = r.execution_id and c.parent_step_id = r.step_id
      offset 0) c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.workflows w on w.workflow_id = x.workflow_id
    where x.status in ('completed', 'failed', 'cancelled')
  ), gone as (
    delete from pgwhen.children c where c.ctid = any (array(select e.place from ended e))
  ), settled as (
    update pgwhen.execution_steps s
    set status = case e.status when 'completed' then 'completed' else 'failed' end,
      outcome = case e.status when 'completed' then 'success' else 'error' end, finished_at = (select pgwhen._now()), output = e.output,
      error = case when e.status <> 'completed' then jsonb_build_object('class', 'permanent', 'code', 'child_' || e.status,
        'execution', e.execution_id, 'message', format('workflow %s %s: %s', e.workflow,
          case e.status when 'cancelled' then 'was cancelled' else e.status end, coalesce(e.error ->> 'message', e.error ->> 'code'))) end
    from ended e
    where s.execution_id = e.parent_execution_id and s.step_id = e.parent_step_id and s.part = e.part and s.status = 'waiting'
    returning s.execution_id, s.step_id, s.status
  )
  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref),
    array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where s.status = 'failed')
  into v_settled, v_failed
  from settled s;
  if v_failed is not null then
    perform pgwhen._record_failures(v_failed);
  end if;
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._end_starts(pgwhen.step_ref[]) is 'Ends start steps whose child has ended.';
