-- A failure without on_error, or a stop, ends the execution at once: what has not begun is cancelled; an action in flight
-- ends, and its result is recorded and not followed. Messages of cancelled actions stay in the queue until a claim finds
-- them: deleting them here could wait for a claim that waits for us. A failure that on_error hands to another workflow goes into
-- the queue of events with the end of the execution, and is one of its effects: cause and depth say so.
create or replace function pgwhen._end_executions(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[] := array(select distinct r.execution_id from unnest(p_steps) r);
  v_told pgwhen.step_ref[];
begin
  with ended as (
    select distinct on (r.execution_id) r.execution_id, r.step_id, t.compiled ? 'error_workflow' as is_told,
      case when s.status = 'failed' then 'failed' else t.compiled ->> 'as' end as status,
      case when s.status = 'failed' then format('step %s failed', r.step_id) else coalesce(s.reason, format('step %s', r.step_id)) end as reason,
      case when s.status = 'failed' then s.error || jsonb_build_object('step', r.step_id) end as error
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
    order by r.execution_id, s.status = 'failed' desc, t.position
  ), changed as (
    update pgwhen.executions x
    set status = e.status, reason = e.reason, error = e.error, finished_at = v_now, had_failures = x.had_failures or e.status = 'failed'
    from ended e
    where x.execution_id = e.execution_id
    returning x.execution_id, e.step_id, e.is_told and e.status = 'failed' as is_told
  )
  select array_agg((c.execution_id, c.step_id)::pgwhen.step_ref) filter (where c.is_told) into v_told from changed c;

  if v_told is not null then
    perform pgwhen._tell_failures(v_told);
  end if;
  perform pgwhen._close_executions(v_ids);
end
$$;
comment on function pgwhen._end_executions(pgwhen.step_ref[]) is 'Ends executions because of these steps: a failed one, or a stop.';
