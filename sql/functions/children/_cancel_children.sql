-- As an operator's cancel: an action in flight ends, and its result is recorded and not followed. Their own children follow.
create or replace function pgwhen._cancel_children(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_ids uuid[];
begin
  with ended as (
    update pgwhen.executions x
    set status = 'cancelled', finished_at = (select pgwhen._now()), reason = format('step %s of execution %s ended', x.parent_step_id, x.parent_execution_id)
    from unnest(p_execution_ids) i (execution_id)
    where x.execution_id = i.execution_id and x.status in ('pending', 'running', 'waiting')
    returning x.execution_id
  )
  select array_agg(e.execution_id order by e.execution_id) into v_ids from ended e;
  if v_ids is not null then
    perform pgwhen._close_executions(v_ids);
  end if;
end
$$;
comment on function pgwhen._cancel_children(uuid[]) is 'Cancels executions whose parents have ended or wait no longer.';
