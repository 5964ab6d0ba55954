-- Compare-and-set: the rows are locked in id order, then judged as they are; whoever comes second finds an execution that runs
-- again, and is told so. What a dry run showed holds only for the generation that it saw. The engine's statements are made for its
-- batches, hence slices of that size.
create or replace function pgwhen.retry_executions(p_execution_ids uuid[], p_reason text default null, p_scope text default 'failed',
  p_step text default null, p_version text default 'original', p_input jsonb default null, p_generations integer[] default null,
  p_dry_run boolean default false)
returns table (execution_id uuid, result text, generation integer, again integer)
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
  v_slice uuid[];
  v_results jsonb := '{}'::jsonb;
  v_judged jsonb;
begin
  perform pgwhen._check_retry(p_execution_ids, p_scope, p_step, p_version, p_input, p_generations);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()
    order by x.execution_id
    for no key update);

  for v_start in 1..cardinality(v_ids) by 500 loop
    select jsonb_object_agg(j.execution_id, jsonb_build_object('result',
        coalesce(case when g.generation <> x.generation then format('moved on: generation %s, not %s', x.generation, g.generation) end,
          j.refusal, case when p_dry_run then 'can be retried' else 'retried' end),
        'generation', x.generation, 'again', j.again)),
      array_agg(j.execution_id order by j.execution_id) filter (
        where j.refusal is null and g.generation is not distinct from case when g.generation is not null then x.generation end)
    into v_judged, v_slice
    from pgwhen._judge_retry(v_ids[v_start:v_start + 499], p_scope, p_step, p_version, p_input) j
    join pgwhen.executions x on x.execution_id = j.execution_id
    left join lateral (
      select u.generation from unnest(p_execution_ids, p_generations) u (execution_id, generation)
      where p_generations is not null and u.execution_id = j.execution_id limit 1) g on true;
    v_results := v_results || v_judged;
    if v_slice is not null and not p_dry_run then
      perform pgwhen._retry(v_slice, p_scope, p_step, p_version, p_input);
      v_retried := v_retried || v_slice;
    end if;
  end loop;
  if not p_dry_run then
    perform pgwhen._audit('retry_executions', v_retried::text[], p_reason, jsonb_strip_nulls(jsonb_build_object('scope', p_scope,
      'step', p_step, 'version', nullif(p_version, 'original'), 'input', case when p_input is not null then 'edited' end)));
  end if;
  return query
    select i.execution_id, coalesce(r.entry ->> 'result', 'not found'), (r.entry ->> 'generation')::integer, (r.entry ->> 'again')::integer
    from (select distinct unnest(p_execution_ids)) i (execution_id)
    cross join lateral (select v_results -> i.execution_id::text as entry) r
    order by i.execution_id;
end
$$;
comment on function pgwhen.retry_executions(uuid[], text, text, text, text, jsonb, integer[], boolean) is 'Retries executions; a row for each says retried, or why not, and how many messages that may have left before leave again. All in one transaction.
p_scope: failed (the steps that failed, are uncertain or are held), following (those and everything behind them), step (p_step and everything behind it), start. p_version: original or current. p_input replaces the input of the event for these executions.
What is sent is read and rendered afresh, under a new generation and so a new idempotency key. p_dry_run judges only; p_generations are those it told: an execution that has moved since is left alone.';
