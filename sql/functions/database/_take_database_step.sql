-- Locks as a report does, the execution before the step, and checks the lease: a null execution_id says that it is lost. While the step's row is
-- locked nobody else can claim it, even when its lease runs out.
--
-- An attempt is its number of claims. Where an earlier one came to no result (a poller that gave it back, or a backend that
-- died), this one is marked as being sent in a commit of its own before it runs, so that a statement that takes the server down counts
-- as tries and ends.
create or replace function pgwhen._take_database_step(p_claimed jsonb, out execution_id uuid, out step_id text, out type text,
  out compiled jsonb, out tenant text, out workflow text, out depth integer, out is_marked boolean)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_claimed record;
  v_execution pgwhen.executions;
begin
  select c.* into v_claimed
  from jsonb_to_record(p_claimed) as c (execution_id uuid, step_id text, part integer, generation integer, attempt integer, message_id bigint);
  select x.* into v_execution
  from pgwhen.executions x
  where x.execution_id = v_claimed.execution_id and x.status in ('pending', 'running', 'waiting')
  for no key update;
  if not found then
    return;
  end if;
  select s.status = 'claimed' and s.attempt > s.tries + 1 into is_marked
  from pgwhen.execution_steps s
  where s.execution_id = v_claimed.execution_id and s.step_id = v_claimed.step_id and s.part = v_claimed.part
    and s.generation = v_claimed.generation and s.attempt = v_claimed.attempt and s.status in ('claimed', 'sending')
  for update;
  if not found then
    return;
  end if;
  select t.type, t.compiled into type, compiled
  from pgmq.q_pgwhen_actions q
  join pgwhen.steps t on t.workflow_id = v_execution.workflow_id and t.version = v_execution.version and t.step_id = v_claimed.step_id
  where q.msg_id = v_claimed.message_id and q.message @> jsonb_build_object('execution', v_claimed.execution_id, 'step', v_claimed.step_id)
    and t.performed_by = 'database';
  if not found then
    return;
  end if;
  if is_marked then
    update pgwhen.execution_steps s
    set status = 'sending'
    where s.execution_id = v_claimed.execution_id and s.step_id = v_claimed.step_id and s.part = v_claimed.part;
  end if;
  execution_id := v_claimed.execution_id;
  step_id := v_claimed.step_id;
  tenant := v_execution.tenant;
  workflow := (select w.workflow from pgwhen.workflows w where w.workflow_id = v_execution.workflow_id);
  depth := v_execution.depth;
end
$$;
comment on function pgwhen._take_database_step(jsonb) is 'Locks a claimed database step, if the lease is still the caller''s; is_marked says that it was marked and has to be called for again.';
