-- A report that came again is late too, and has nothing new to say: its attempt is the one that was recorded.
create or replace function pgwhen._log_late(p_reports pgwhen.action_report[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_steps pgwhen.step_ref[];
  v_messages text[];
begin
  select array_agg((a.execution_id, a.step_id)::pgwhen.step_ref), array_agg(m.message)
  into v_steps, v_messages
  from unnest(p_reports) r
  join pgwhen.attempts a on a.execution_id = r.execution_id and a.step_id = r.step_id and a.generation = r.generation and a.part = r.part
    and a.attempt = r.attempt
  cross join lateral (select format('the result of attempt %s came after its lease was lost: %s; nothing follows from it', a.attempt, a.class) as message) m
  where a.late and not exists (
    select from pgwhen.logs l where l.execution_id = a.execution_id and l.step_id = a.step_id and l.message = m.message);
  if v_steps is not null then
    perform pgwhen._log('warning', v_steps, v_messages);
  end if;
end
$$;
comment on function pgwhen._log_late(pgwhen.action_report[]) is 'Remarks on results that came too late to count.';
