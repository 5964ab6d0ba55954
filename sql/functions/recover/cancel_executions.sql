-- At once: what has not begun is cancelled. An action in flight cannot be called back; its result is recorded when it comes, and
-- nothing follows from it. The engine's statements are made for its batches, hence slices of that size.
create or replace function pgwhen.cancel_executions(p_execution_ids uuid[], p_reason text default null)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_material = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
  v_cancelled uuid[];
  v_results jsonb;
begin
  perform pgwhen._require_executions(p_execution_ids);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()
    order by x.execution_id
    for no key update);
  select array_agg(x.execution_id order by x.execution_id) filter (where x.status in ('pending', 'running', 'waiting')),
    jsonb_object_agg(x.execution_id, case
      when x.status not in ('pending', 'running', 'waiting') then 'already ' || x.status
      when f.steps is not null then 'cancelled; in flight, its result will be recorded: ' || f.steps
      else 'cancelled' end)
  into v_cancelled, v_results
  from unnest(v_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  cross join lateral (
    select string_agg(s.step_id, ', ' order by s.step_id) as steps
    from pgwhen.execution_steps s
    where s.execution_id = x.execution_id and s.status in ('claimed', 'sending')) f;

  for v_start in 1..coalesce(cardinality(v_cancelled), 0) by 500 loop
    update pgwhen.executions x
    set status = 'cancelled', finished_at = v_now, reason = coalesce(p_reason, 'cancelled by ' || coalesce(pgwhen._actor(), session_user))
    from unnest(v_cancelled[v_start:v_start + 499]) i (execution_id)
    where x.execution_id = i.execution_id;
    perform pgwhen._close_executions(v_cancelled[v_start:v_start + 499]);
  end loop;
  perform pgwhen._audit('cancel_executions', v_cancelled::text[], p_reason);
  return query
    select i.execution_id, coalesce(v_results ->> i.execution_id::text, 'not found')
    from (select distinct unnest(p_execution_ids)) i (execution_id)
    order by i.execution_id;
end
$$;
comment on function pgwhen.cancel_executions(uuid[], text) is 'Cancels executions that have not ended; a row for each says cancelled, or why not.
Steps not begun become cancelled; an action in flight ends, its result is recorded and not followed.';
