-- A delay until a value reads the value again when it wakes: a date that has moved to later is waited for. So is the end of a holiday
-- that was entered meanwhile.
create or replace function pgwhen._wake_delays(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_settled pgwhen.step_ref[];
begin
  with due as (
    select r.execution_id, r.step_id,
      case when s.compiled ?| '{until,window}'::text[] then
        (select pgwhen._delay_end(s.compiled, c.context, e.queued_at, v_now)
         from pgwhen._build_contexts(array[(r.execution_id, r.step_id)::pgwhen.step_ref], 'engine') c)
      end as due_at
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps s on s.workflow_id = x.workflow_id and s.version = x.version and s.step_id = r.step_id
    join pgwhen.execution_steps e on e.execution_id = r.execution_id and e.step_id = r.step_id and e.part = 0
  ), again as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select d.execution_id, d.due_at, d.step_id, 'delay' from due d where d.due_at > v_now
  ), ended as (
    update pgwhen.execution_steps s
    set status = 'completed', outcome = 'success', finished_at = v_now
    from due d
    where coalesce(d.due_at <= v_now, true)
      and s.execution_id = d.execution_id and s.step_id = d.step_id and s.part = 0 and s.status = 'sleeping'
    returning s.execution_id, s.step_id
  )
  select array_agg((e.execution_id, e.step_id)::pgwhen.step_ref) into v_settled from ended e;
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._wake_delays(pgwhen.step_ref[]) is 'Ends delays that are due.';
