create or replace function pgwhen._end_notifications(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.execution_steps s
  set status = 'completed', outcome = 'success', finished_at = pgwhen._now(), output = pgwhen._notification_output(s.execution_id, s.step_id, s.generation)
  from unnest(p_steps) r
  where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0;
  delete from pgwhen.sleepers z using unnest(p_steps) r
  where z.execution_id = r.execution_id and z.step_id = r.step_id and z.part = 0;
  perform pgwhen._advance(p_steps);
end
$$;
comment on function pgwhen._end_notifications(pgwhen.step_ref[]) is 'Completes notification steps whose recipient was told, and goes on from them.';
