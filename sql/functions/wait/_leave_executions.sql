-- An exit is no failure: the execution is completed, with the reason. An action in flight ends, and its result is recorded and not
-- followed. Where an item of a loop leaves, the execution that the loop is in looks for itself.
create or replace function pgwhen._leave_executions(p_execution_ids uuid[], p_reasons text[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_ids uuid[];
  v_left pgwhen.step_ref[];
  v_messages text[];
begin
  with leaving as (
    select distinct on (l.execution_id) l.execution_id, l.reason
    from unnest(p_execution_ids, p_reasons) l (execution_id, reason)
    order by l.execution_id, l.reason
  ), ended as (
    update pgwhen.executions x
    set status = 'completed', reason = l.reason, finished_at = (select pgwhen._now())
    from leaving l
    where x.execution_id = l.execution_id and x.status in ('pending', 'running', 'waiting')
    returning x.execution_id, x.body, x.parent_execution_id, x.parent_step_id, x.reason
  ), told as (
    insert into pgwhen.handovers (execution_id, step_id, purpose)
    select distinct e.parent_execution_id, e.parent_step_id, 'record' from ended e where e.body is not null
  )
  select array_agg(e.execution_id order by e.execution_id), array_agg((e.execution_id, '')::pgwhen.step_ref), array_agg('left: ' || e.reason)
  into v_ids, v_left, v_messages
  from ended e;
  if v_ids is not null then
    perform pgwhen._log('info', v_left, v_messages);
    perform pgwhen._close_executions(v_ids);
  end if;
end
$$;
comment on function pgwhen._leave_executions(uuid[], text[]) is 'Ends executions as completed, each for its reason.';
