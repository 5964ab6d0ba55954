-- From the failed step. Compare-and-set: the rows are locked in id order, then judged as they are; whoever comes second finds
-- an execution that runs again, and is told so.
create or replace function pgwhen.retry_executions(p_execution_ids uuid[], p_reason text default null)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_ids uuid[];
  v_retried uuid[];
  v_refusals jsonb;
begin
  perform pgwhen._require_executions(p_execution_ids);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()
    order by x.execution_id
    for no key update);
  select array_agg(x.execution_id) filter (where r.refusal is null),
    jsonb_object_agg(x.execution_id, r.refusal) filter (where r.refusal is not null)
  into v_retried, v_refusals
  from unnest(v_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  cross join lateral pgwhen._find_refusal(x) r (refusal);

  if v_retried is not null then
    perform pgwhen._retry(v_retried);
    perform pgwhen._audit('retry_executions', v_retried::text[], p_reason);
  end if;
  return query
    select i.execution_id, case when i.execution_id = any (v_retried) then 'retried'
      else coalesce(v_refusals ->> i.execution_id::text, 'not found') end
    from (select distinct unnest(p_execution_ids)) i (execution_id)
    order by i.execution_id;
end
$$;
comment on function pgwhen.retry_executions(uuid[], text) is 'Retries executions from the steps that failed, are uncertain or are held; a row for each says retried, or why not.
What is sent is read and rendered afresh, under a new generation and so a new idempotency key. All in one transaction.';
