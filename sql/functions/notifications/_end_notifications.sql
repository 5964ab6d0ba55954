create or replace function pgwhen._end_notifications(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  -- The part comes with the step, here and elsewhere: as a constant it could be all that an index is read by (docs/decisions/0004).
  update pgwhen.execution_steps s
  set status = 'completed', outcome = 'success', finished_at = pgwhen._now(), output = pgwhen._notification_output(s.execution_id, s.step_id, s.generation)
  from (select u.*, 0 as part from unnest(p_steps) u offset 0) r
  where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part;
  delete from pgwhen.sleepers z using (select u.*, 0 as part from unnest(p_steps) u offset 0) r
  where z.execution_id = r.execution_id and z.step_id = r.step_id and z.part = r.part;
  perform pgwhen._advance(p_steps);
end
$$;
comment on function pgwhen._end_notifications(pgwhen.step_ref[]) is 'Completes notification steps whose recipient was told, and goes on from them.';
