-- wait with until: the record is read afresh each time.
create or replace function pgwhen._judge_conditions(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
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
  where t.compiled -> 'wait' ? 'until';
  if v_asking is null then
    return null;
  end if;
  with met as materialized (
    select c.execution_id, c.step_id
    from pgwhen._build_contexts(v_asking, 'engine') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    where pgwhen._holds(t.compiled #> '{wait,until}', c.context) is true
  ), step as (
    update pgwhen.execution_steps s
    set status = 'completed', outcome = 'success', finished_at = (select pgwhen._now())
    from met m
    where s.execution_id = m.execution_id and s.step_id = m.step_id and s.part = 0 and s.status = 'waiting'
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
comment on function pgwhen._judge_conditions(pgwhen.step_ref[]) is 'Ends the waits whose condition holds; returns them.';
