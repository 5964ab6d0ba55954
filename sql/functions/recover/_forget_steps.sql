-- What is kept about a step beside its row, for whoever takes the step out of the hands of the engine. With a loop go the failures of
-- its items: they are retried with it, or passed over.
create or replace function pgwhen._forget_steps(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  delete from pgwhen.failures f using unnest(p_steps) r where f.execution_id = r.execution_id and f.step_id = r.step_id;
  delete from pgwhen.held h using unnest(p_steps) r where h.execution_id = r.execution_id and h.step_id = r.step_id;
  delete from pgwhen.sleepers s using unnest(p_steps) r where s.execution_id = r.execution_id and s.step_id = r.step_id;
  delete from pgwhen.ready d using unnest(p_steps) r where d.execution_id = r.execution_id and d.step_id = r.step_id;
  delete from pgwhen.waits w using unnest(p_steps) r where w.execution_id = r.execution_id and w.step_id = r.step_id;
  delete from pgwhen.arrivals a using unnest(p_steps) r where a.execution_id = r.execution_id and a.step_id = r.step_id;
  delete from pgwhen.taken_events k using unnest(p_steps) r
  where k.execution_id = pgwhen._top_execution(r.execution_id) and k.taken_by = r.execution_id and k.step_id = r.step_id;
  delete from pgwhen.handovers h using unnest(p_steps) r where h.execution_id = r.execution_id and h.step_id = r.step_id;
  perform pgwhen._drop_children(p_steps);
  with recursive family (execution_id) as (
    select c.execution_id
    from unnest(p_steps) r
    join pgwhen.executions c on c.parent_execution_id = r.execution_id and c.parent_step_id = r.step_id
    where c.body is not null
    union all
    select c.execution_id
    from family f
    join pgwhen.executions c on c.parent_execution_id = f.execution_id
    where c.body is not null
  )
  delete from pgwhen.failures f using family c where f.execution_id = c.execution_id;
  perform pgwhen._drop_children(p_steps);
  perform pgwhen._close_approvals(p_steps, 'cancelled');
  perform pgwhen._close_notifications(p_steps);
end
$$;
comment on function pgwhen._forget_steps(pgwhen.step_ref[]) is 'Deletes what steps waited for, and that they failed.';
