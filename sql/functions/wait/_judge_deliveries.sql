-- wait with delivery: what providers told is read where it is written, so that it counts whether it came before the wait or after.
create or replace function pgwhen._judge_deliveries(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_asking pgwhen.step_ref[];
  v_settled pgwhen.step_ref[];
begin
  select array_agg(r) into v_asking
  from unnest(p_steps) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
  where t.compiled -> 'wait' ? 'delivery';
  if v_asking is null then
    return null;
  end if;
  with asked as materialized (
    select r.execution_id, r.step_id, t.compiled #>> '{wait,delivery}' as message_step, t.compiled -> 'wait' ? 'timeout' as ends,
      pgwhen._message_owner(r.execution_id, t.compiled #>> '{wait,delivery}') as owner_id
    from unnest(v_asking) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
  ), known as materialized (
    select a.execution_id, a.step_id, o.output
    from asked a
    cross join lateral (select pgwhen._delivery_outcome(a.owner_id, a.message_step) as output) o
    where case when o.output is not null then true when a.ends then false else not pgwhen._require_teller(a.owner_id, a.message_step) end
  ), step as (
    update pgwhen.execution_steps s
    set status = 'completed', outcome = 'success', finished_at = (select pgwhen._now()), output = k.output
    from known k
    where s.execution_id = k.execution_id and s.step_id = k.step_id and s.part = 0 and s.status = 'waiting'
    returning s.execution_id, s.step_id
  ), closed as (
    delete from pgwhen.waits c using step s where c.execution_id = s.execution_id and c.step_id = s.step_id
  ), awake as (
    delete from pgwhen.sleepers c using step s where c.execution_id = s.execution_id and c.step_id = s.step_id
  )
  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) into v_settled from step s;
  return v_settled;
end
$$;
comment on function pgwhen._judge_deliveries(pgwhen.step_ref[]) is 'Ends the waits for deliveries of which the outcome is known; returns them.';
