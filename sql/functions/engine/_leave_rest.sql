-- A join with cancel_rest starts: whatever leads to it and has not settled is no longer waited for. What has not begun gets a row
-- too, so that nothing starts it later.
create or replace function pgwhen._leave_rest(p_joins pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_row record;
  v_left pgwhen.step_ref[];
  v_all pgwhen.step_ref[];
begin
  for v_row in
    select j.step_id as join_id, array_agg((j.execution_id, n.step_id)::pgwhen.step_ref) as steps
    from unnest(p_joins) j
    join pgwhen.executions x on x.execution_id = j.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = j.step_id
    cross join lateral jsonb_array_elements_text(t.compiled -> 'rest') n (step_id)
    group by j.step_id
  loop
    perform pgwhen._cancel_steps(v_row.steps, format('%s did not wait for it', v_row.join_id));
    with gone as (
      insert into pgwhen.execution_steps (execution_id, queued_at, finished_at, generation, step_id, status, reason)
      select x.execution_id, (select pgwhen._now()), (select pgwhen._now()), x.generation, r.step_id, 'cancelled',
        format('%s did not wait for it', v_row.join_id)
      from unnest(v_row.steps) r
      join pgwhen.executions x on x.execution_id = r.execution_id
      on conflict (execution_id, step_id, part) do nothing
      returning execution_id, step_id
    )
    select array_agg((g.execution_id, g.step_id)::pgwhen.step_ref) into v_left from gone g;
    v_all := v_all || v_left || array(
      select r from unnest(v_row.steps) r
      where not r = any (coalesce(v_left, '{}'))
        and (select s.status = 'cancelled' from pgwhen.execution_steps s
             where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0));
  end loop;
  return v_all;
end
$$;
comment on function pgwhen._leave_rest(pgwhen.step_ref[]) is 'Cancels what joins do not wait for; returns the steps that were cancelled.';
