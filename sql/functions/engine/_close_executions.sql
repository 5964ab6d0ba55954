-- Shared by failure, stop and cancel: nothing of an ended execution may wake up.
create or replace function pgwhen._close_executions(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.execution_steps s
  set status = 'cancelled', finished_at = (select pgwhen._now()), outcome = null,
    reason = case s.status when 'uncertain' then 'the execution ended; whether the message left is unknown' else 'the execution ended' end
  where s.execution_id = any (p_execution_ids) and s.status in ('ready', 'held', 'queued', 'sleeping', 'waiting', 'uncertain');
  update pgwhen.approval_requests r
  set closed_at = (select pgwhen._now()), outcome = 'cancelled'
  where r.execution_id = any (p_execution_ids) and r.outcome is null;
  perform pgwhen._tell_parents(p_execution_ids);
  perform pgwhen._drop_children(array(
    select (l.execution_id, l.step_id)::pgwhen.step_ref from pgwhen.loops l where l.execution_id = any (p_execution_ids)
    union
    select (c.parent_execution_id, c.parent_step_id)::pgwhen.step_ref from pgwhen.children c where c.parent_execution_id = any (p_execution_ids)));
  delete from pgwhen.sleepers s where s.execution_id = any (p_execution_ids);
  delete from pgwhen.ready r where r.execution_id = any (p_execution_ids);
  delete from pgwhen.held h where h.execution_id = any (p_execution_ids);
  delete from pgwhen.arrivals a where a.execution_id = any (p_execution_ids);
  delete from pgwhen.waits w where w.execution_id = any (p_execution_ids);
  delete from pgwhen.unfinished u where u.execution_id = any (p_execution_ids);
end
$$;
comment on function pgwhen._close_executions(uuid[]) is 'Cancels what has not begun in executions that ended, and forgets what they waited for.';
