-- The caller holds the executions and has judged them. In one that is open the flow goes on from the step; one that failed of it
-- alone opens again.
create or replace function pgwhen._skip(p_execution_ids uuid[], p_open uuid[], p_reopened uuid[], p_step text, p_outcome text, p_reason text,
  p_output jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_steps pgwhen.step_ref[] := array(select (i.execution_id, p_step)::pgwhen.step_ref from unnest(p_execution_ids) i (execution_id));
begin
  update pgwhen.execution_steps s
  set status = 'skipped', outcome = p_outcome, reason = p_reason, output = p_output, error = null, finished_at = (select pgwhen._now())
  from (select u.*, 0 as part from unnest(v_steps) u offset 0) r
  where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part;
  perform pgwhen._forget_steps(v_steps);
  if p_open is not null then
    perform pgwhen._advance(array(select (i.execution_id, p_step)::pgwhen.step_ref from unnest(p_open) i (execution_id)));
  end if;
  if p_reopened is not null then
    perform pgwhen._retry(p_reopened, 'none');
  end if;
end
$$;
comment on function pgwhen._skip(uuid[], uuid[], uuid[], text, text, text, jsonb) is 'Skips a step of locked executions and goes on in those that are open or opened again by it.';
