-- From the failed step. Compare-and-set: the rows are locked in id order, then judged as they are; whoever comes second finds
-- an execution that runs again, and is told so. The engine's statements are made for its batches, hence slices of that size.
create or replace function pgwhen.retry_executions(p_execution_ids uuid[], p_reason text default null)
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
  v_ids uuid[];
  v_retried uuid[];
  v_results jsonb;
begin
  perform pgwhen._require_executions(p_execution_ids);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()
    order by x.execution_id
    for no key update);
  select array_agg(x.execution_id order by x.execution_id) filter (where r.refusal is null),
    jsonb_object_agg(x.execution_id, coalesce(r.refusal, 'retried'))
  into v_retried, v_results
  from unnest(v_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  cross join lateral pgwhen._find_refusal(x) r (refusal);

  for v_start in 1..coalesce(cardinality(v_retried), 0) by 500 loop
    perform pgwhen._retry(v_retried[v_start:v_start + 499]);
  end loop;
  perform pgwhen._audit('retry_executions', v_retried::text[], p_reason);
  return query
    select i.execution_id, coalesce(v_results ->> i.execution_id::text, 'not found')
    from (select distinct unnest(p_execution_ids)) i (execution_id)
    order by i.execution_id;
end
$$;
comment on function pgwhen.retry_executions(uuid[], text) is 'Retries executions from the steps that failed, are uncertain or are held; a row for each says retried, or why not.
What is sent is read and rendered afresh, under a new generation and so a new idempotency key. All in one transaction.';
