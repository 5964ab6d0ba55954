-- Each wait gets the first event that it wants and that no other wait of its execution has. Where two want the same, the one that
-- stands first in the workflow gets it and the other looks again; every round ends at least one wait.
create or replace function pgwhen._judge_waits(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_open pgwhen.step_ref[] := p_steps;
  v_settled pgwhen.step_ref[];
  v_won pgwhen.step_ref[];
begin
  loop
    with wanted as materialized (
      select distinct on (r.execution_id, r.step_id) r.execution_id, r.step_id, t.position, o.top_id, a.event_id
      from unnest(v_open) r
      join pgwhen.executions x on x.execution_id = r.execution_id
      join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
      join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
      join pgwhen.waits w on w.execution_id = r.execution_id and w.step_id = r.step_id and w.purpose = 'wait'
      join pgwhen.arrivals a on a.execution_id = r.execution_id and a.step_id = r.step_id
      join pgwhen.events e on e.event_id = a.event_id
      cross join lateral (
        select case when x.body is null then x.execution_id else pgwhen._top_execution(x.execution_id) end as top_id) o
      where s.status = 'waiting' and e.event_id > x.event_id and (w.until_at is null or e.occurred_at <= w.until_at)
        and t.compiled #> '{wait,operations}' ? e.operation
        and pgwhen._holds(t.compiled #> '{wait,condition}', pgwhen._event_context(e, w.given)) is true
        and not exists (select from pgwhen.taken_events k where k.execution_id = o.top_id and k.event_id = a.event_id offset 0)
      order by r.execution_id, r.step_id, a.event_id
    ), won as materialized (
      select distinct on (w.top_id, w.event_id) w.execution_id, w.step_id, w.top_id, w.event_id
      from wanted w
      order by w.top_id, w.event_id, w.position, w.execution_id, w.step_id
    ), taken as (
      insert into pgwhen.taken_events (execution_id, event_id, taken_by, step_id)
      select w.top_id, w.event_id, w.execution_id, w.step_id from won w
    ), step as (
      update pgwhen.execution_steps s
      set status = 'completed', outcome = 'success', finished_at = (select pgwhen._now()), output = pgwhen._event_output(e)
      from won w
      join pgwhen.events e on e.event_id = w.event_id
      where s.execution_id = w.execution_id and s.step_id = w.step_id and s.part = 0
      returning s.execution_id, s.step_id
    ), closed as (
      delete from pgwhen.waits c using won w where c.execution_id = w.execution_id and c.step_id = w.step_id
    ), awake as (
      delete from pgwhen.sleepers c using won w where c.execution_id = w.execution_id and c.step_id = w.step_id
    )
    select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref),
      (select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) from wanted w
       where not exists (select from won n where n.execution_id = w.execution_id and n.step_id = w.step_id))
    into v_won, v_open
    from step s;
    v_settled := v_settled || v_won;
    exit when v_open is null;
  end loop;
  delete from pgwhen.arrivals a using unnest(p_steps) r where a.execution_id = r.execution_id and a.step_id = r.step_id;
  return v_settled;
end
$$;
comment on function pgwhen._judge_waits(pgwhen.step_ref[]) is 'Ends the waits whose event came; returns them.';
