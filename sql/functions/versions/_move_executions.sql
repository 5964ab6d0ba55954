-- The caller holds the executions and has judged them. What was not reached is decided anew by the edges of the new version, from all
-- that has settled. What the old version waited for in the background (exit_on, changes of the record) is waited for anew: the tick
-- finds what came meanwhile.
create or replace function pgwhen._move_executions(p_execution_ids uuid[], p_to integer) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[];
begin
  update pgwhen.executions x
  set version = p_to, trigger_no = coalesce((
    select n.trigger_no
    from pgwhen.triggers o
    join pgwhen.triggers n on n.workflow_id = o.workflow_id and n.version = p_to and n.kind = o.kind
      and n.trigger_id is not distinct from o.trigger_id and n.attachment_id is not distinct from o.attachment_id
      and n.event_type is not distinct from o.event_type
    where o.workflow_id = x.workflow_id and o.version = x.version and o.trigger_no = x.trigger_no
    order by n.trigger_no limit 1), x.trigger_no)
  from unnest(p_execution_ids) i (execution_id)
  where x.execution_id = i.execution_id;
  update pgwhen.unfinished u set version = p_to from unnest(p_execution_ids) i (execution_id) where u.execution_id = i.execution_id;
  delete from pgwhen.execution_steps s
  using unnest(p_execution_ids) i (execution_id), pgwhen.executions x
  where s.execution_id = i.execution_id and x.execution_id = i.execution_id and s.part = 0 and (s.status = 'not_reached'
    or not exists (select from pgwhen.steps t where t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id));
  delete from pgwhen.waits w using unnest(p_execution_ids) i (execution_id)
  where w.execution_id = i.execution_id and w.purpose in ('exit', 'record');
  delete from pgwhen.arrivals a using unnest(p_execution_ids) i (execution_id) where a.execution_id = i.execution_id;
  perform pgwhen._reopen_exits(p_execution_ids);
  insert into pgwhen.handovers (execution_id, step_id, purpose)
  select s.execution_id, s.step_id, 'record'
  from unnest(p_execution_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  join pgwhen.execution_steps s on s.execution_id = i.execution_id and s.part = 0 and s.status = 'sleeping'
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  where t.compiled ? 'watch';

  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) into v_settled
  from unnest(p_execution_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  join pgwhen.execution_steps s on s.execution_id = i.execution_id and s.part = 0
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
  where s.status in ('completed', 'skipped') and t.type <> 'stop' or s.status = 'failed' and t.compiled ->> 'on_error' <> 'fail';
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._move_executions(uuid[], integer) is 'Lets locked executions go on in another version.';
