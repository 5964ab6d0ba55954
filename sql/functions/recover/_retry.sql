-- The caller holds the executions and has judged them. Rows are changed first, all of them; only then does the engine go on,
-- once, from everything that has settled, so that it never sees half of a retry.
--
-- A row that is decided again starts at attempt 0, under a higher generation: a late report of the old one names the old
-- generation and finds nothing. A stop is no longer asked whether it ends the execution: it did. In another version nothing keeps
-- its row that runs again: the edges of that version decide about all of it.
create or replace function pgwhen._retry(p_execution_ids uuid[], p_scope text, p_step text default null, p_version text default 'original',
  p_input jsonb default null) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_requeue pgwhen.step_ref[];
  v_restart pgwhen.step_ref[];
  v_gone pgwhen.step_ref[];
  v_ended uuid[];
  v_settled pgwhen.step_ref[];
begin
  select array_agg((p.execution_id, p.step_id)::pgwhen.step_ref) filter (where p.action = 'requeue' and p_version = 'original'),
    array_agg((p.execution_id, p.step_id)::pgwhen.step_ref) filter (where p.action = 'restart' and p_version = 'original'),
    array_agg((p.execution_id, p.step_id)::pgwhen.step_ref) filter (where p.action <> 'requeue' or p_version <> 'original')
  into v_requeue, v_restart, v_gone
  from pgwhen._plan_retry(p_execution_ids, p_scope, p_step) p;
  v_ended := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.finished_at is not null
      and not exists (
        select from pgwhen.execution_steps s
        join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
        where s.execution_id = x.execution_id and s.status = 'completed' and t.type = 'stop'
          and not exists (
            select from unnest(v_gone) r where r.execution_id = s.execution_id and r.step_id = s.step_id)));

  update pgwhen.executions x
  set generation = x.generation + 1,
    fresh_generation = case when p_scope in ('failed', 'none') then x.fresh_generation else x.generation + 1 end, status = 'running', finished_at = null, reason = null, error = null,
    had_failures = x.had_failures and x.finished_at is null, input = coalesce(p_input, x.input)
  where x.execution_id = any (p_execution_ids);
  perform pgwhen._forget_steps(v_requeue || v_gone);
  delete from pgwhen.execution_steps s
  using unnest(v_gone) r
  where s.execution_id = r.execution_id and s.step_id = r.step_id;
  update pgwhen.execution_steps s
  set status = 'queued', generation = x.generation, tries = 0, queued_at = pgwhen._now(), started_at = null, finished_at = null,
    outcome = null, reason = null, output = null, error = null
  from (select u.*, 0 as part from unnest(v_requeue) u offset 0) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part;
  if p_version = 'current' then
    perform pgwhen._change_version(p_execution_ids);
  end if;
  insert into pgwhen.unfinished (execution_id, workflow_id, version)
  select x.execution_id, x.workflow_id, x.version from pgwhen.executions x where x.execution_id = any (p_execution_ids)
  on conflict (execution_id) do nothing;
  perform pgwhen._reopen_exits(p_execution_ids);

  if v_requeue is not null then
    perform pgwhen._enqueue_actions(v_requeue);
  end if;
  v_restart := v_restart || (
    select array_agg((x.execution_id, t.step_id)::pgwhen.step_ref)
    from unnest(v_ended) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.body is not distinct from x.body
    where not exists (
        select from unnest(v_restart) r where r.execution_id = x.execution_id and r.step_id = t.step_id)
      and not exists (
        select from pgwhen.edges e where e.workflow_id = t.workflow_id and e.version = t.version and e.target = t.step_id)
      and (select true from pgwhen.execution_steps s where s.execution_id = x.execution_id and s.step_id = t.step_id and s.part = 0) is null);
  if v_restart is not null then
    v_settled := pgwhen._start_guarded(v_restart);
  end if;
  v_settled := v_settled || (
    select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref)
    from unnest(v_ended) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    cross join lateral (
      select e.* from pgwhen.execution_steps e
      where e.execution_id = i.execution_id and e.part = 0
      offset 0) s
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
    where (s.status in ('completed', 'skipped') or s.status = 'failed' and t.compiled ->> 'on_error' <> 'fail') and t.type <> 'stop'
      and not exists (select from unnest(v_settled) r where r.execution_id = s.execution_id and r.step_id = s.step_id));
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
  perform pgwhen._refresh_executions(p_execution_ids);
end
$$;
comment on function pgwhen._retry(uuid[], text, text, text, jsonb) is 'Retries locked executions within a scope, see _plan_retry.';
