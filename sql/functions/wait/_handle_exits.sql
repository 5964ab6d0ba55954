-- The steps are entries of exit_on, or exit_on itself where an execution begins.
create or replace function pgwhen._handle_exits(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_ids uuid[] := array(
    select distinct x.execution_id
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    where x.status in ('pending', 'running', 'waiting'));
  v_beginning uuid[] := array(select distinct r.execution_id from unnest(p_steps) r where r.step_id = 'exit_on');
  v_leaving uuid[];
  v_reasons text[];
begin
  if v_beginning <> '{}' then
    perform pgwhen._open_exits(array(select i from unnest(v_ids) i where i = any (v_beginning)));
  end if;
  with judged as (
    select distinct on (x.execution_id) x.execution_id, format('exit_on: %s (event %s)', e.type, e.event_id) as reason
    from unnest(v_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    join pgwhen.versions v on v.workflow_id = x.workflow_id and v.version = x.version
    join pgwhen.waits w on w.execution_id = x.execution_id and w.purpose = 'exit'
    join pgwhen.arrivals a on a.execution_id = x.execution_id and a.step_id = w.step_id
    join pgwhen.events e on e.event_id = a.event_id
    cross join lateral (select v.compiled -> 'exit_on' -> substring(w.step_id from '\d+')::integer as entry) o
    where e.event_id > x.event_id and o.entry -> 'operations' ? e.operation
      and pgwhen._holds(o.entry -> 'condition', pgwhen._event_context(e, w.given)) is true
    order by x.execution_id, e.event_id
  )
  select array_agg(j.execution_id), array_agg(j.reason) into v_leaving, v_reasons from judged j;
  delete from pgwhen.arrivals a using unnest(v_ids) i (execution_id)
  where a.execution_id = i.execution_id and a.step_id like 'exit\_on[%';
  if v_leaving is not null then
    perform pgwhen._leave_executions(v_leaving, v_reasons);
  end if;
end
$$;
comment on function pgwhen._handle_exits(pgwhen.step_ref[]) is 'Ends executions for which an event of exit_on came.';
