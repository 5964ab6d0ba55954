-- One that is being sent ends by itself.
create or replace function pgwhen._cancel_messages(p_steps pgwhen.step_ref[], p_reason text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.execution_steps e
  set status = 'cancelled', finished_at = pgwhen._now(), reason = p_reason
  from unnest(p_steps) s
  where e.execution_id = s.execution_id and e.step_id = s.step_id and e.part > 0
    and e.status in ('ready', 'held', 'queued', 'claimed', 'sleeping', 'waiting', 'uncertain');
  delete from pgwhen.sleepers z using unnest(p_steps) s where z.execution_id = s.execution_id and z.step_id = s.step_id;
  delete from pgwhen.ready r using unnest(p_steps) s where r.execution_id = s.execution_id and r.step_id = s.step_id;
  delete from pgwhen.held h using unnest(p_steps) s where h.execution_id = s.execution_id and h.step_id = s.step_id;
end
$$;
comment on function pgwhen._cancel_messages(pgwhen.step_ref[], text) is 'Cancels the messages of approvals and notifications that have not left, and what they waited for.';
