-- Not to be told is no failure: the flow goes on.
create or replace function pgwhen._skip_notifications(p_steps pgwhen.step_ref[], p_reasons text[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.execution_steps s
  set status = 'skipped', outcome = 'success', finished_at = pgwhen._now(), reason = r.reason
  from (select u.*, 0 as part from unnest(p_steps, p_reasons) u (execution_id, step_id, reason) offset 0) r
  where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part;
  delete from pgwhen.sleepers z using unnest(p_steps) r where z.execution_id = r.execution_id and z.step_id = r.step_id;
  perform pgwhen._advance(p_steps);
end
$$;
comment on function pgwhen._skip_notifications(pgwhen.step_ref[], text[]) is 'Passes over notification steps whose recipient is not to be told, and goes on from them.';
