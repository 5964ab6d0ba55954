-- What follows from each class is decided by _decide_report. What a poller says after its lease was declared lost replaces
-- "lease_expired" as the attempt's result, marked late: the truth about the message is worth keeping, and changes nothing. The same
-- report a second time finds its row and does nothing.
--
-- The result of a live attempt is the first, so it is inserted without a look at what is there (on conflict would cost each row a
-- look-up and a second WAL record). Where that is wrong after all, it is a unique violation, and the caller says p_is_known.
create or replace function pgwhen._record_reports(p_reports pgwhen.action_report[], p_now timestamptz, p_is_known boolean,
  out settled pgwhen.step_ref[], out failed pgwhen.step_ref[], out others uuid[], out late integer, out answers jsonb, out has_extra boolean)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
#variable_conflict use_column
declare
  v_failing boolean := exists (select from pgwhen.connections c where c.failures > 0 or c.opened_until is not null);
begin
  with found as materialized (
    select r.*, s.execution_id is not null as is_live, x.tenant, x.status in ('pending', 'running', 'waiting') and (r.part = 0 or exists (
        select from pgwhen.execution_steps z
        where z.execution_id = r.execution_id and z.step_id = r.step_id and z.part = 0 and z.status = 'waiting' offset 0)) as is_open,
      x.workflow_id, x.version, s.tries, f.connection, f.batch_id,
      -- Since the first attempt, but for the time that it was kept back: what waits before it does not use up retry.within.
      case when r.class in ('transient', 'throttled', 'uncertain') then coalesce((
        select min(a.started_at) from pgwhen.attempts a
        where a.execution_id = r.execution_id and a.step_id = r.step_id and a.generation = r.generation and a.part = r.part), r.started_at, p_now)
        + coalesce(f.deferred, '0') end as tried_since
    from unnest(p_reports) r
    cross join lateral (
      select x.tenant, x.status, x.workflow_id, x.version from pgwhen.executions x where x.execution_id = r.execution_id offset 0) x
    left join lateral (
      select s.execution_id, s.tries from pgwhen.execution_steps s
      where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part
        and s.generation = r.generation and s.attempt = r.attempt and s.status in ('claimed', 'sending')
      offset 0) s on true
    left join lateral (
      select f.connection, f.batch_id, f.deferred from pgwhen.frozen_messages f
      where f.execution_id = case when r.class <> 'ok' or v_failing then r.execution_id end
        and f.step_id = r.step_id and f.generation = r.generation and f.part = r.part
      offset 0) f on true
  ), known as materialized (
    select t.workflow_id, t.version, t.step_id, t.type, t.compiled, t.compiled -> 'left_by' as left_by,
      exists (select from pgwhen.edges e where e.workflow_id = t.workflow_id and e.version = t.version and e.source = t.step_id) as goes_on
    from (select distinct f.workflow_id, f.version, f.step_id from found f) d
    cross join lateral (
      select * from pgwhen.steps t where t.workflow_id = d.workflow_id and t.version = d.version and t.step_id = d.step_id offset 0) t
  ), report as materialized (
    -- What went well has nothing to decide by.
    select f.*, k.type, case when f.class <> 'ok' then k.compiled end as compiled, k.goes_on,
      k.left_by is not null and pgwhen._is_left(f.execution_id, k.left_by) as is_left
    from found f
    join known k on k.workflow_id = f.workflow_id and k.version = f.version and k.step_id = f.step_id
  ), decided as materialized (
    -- No provider has been asked where the poller lacks a secret: then the reason is what it lacks.
    select r.*, case when r.class = 'ok' then 'completed' else d.status end as status, d.due_at,
      case when r.class = 'auth' and r.error ->> 'code' = 'connection' then r.error ->> 'message' else d.reason end as reason,
      case when r.class = 'ok' then 1 else d.counts end as counts
    from report r
    left join lateral (
      select * from pgwhen._decide_report(r.class, r.retry_after_seconds, r.compiled, r.tries, r.tried_since, r.batch_id,
        r.is_open and not r.is_left, p_now)
      where r.class <> 'ok'
      offset 0) d on true
    where r.is_live
  ), recorded as (
    insert into pgwhen.attempts (execution_id, started_at, finished_at, generation, attempt, part, late, step_id, class,
      provider_message_id, error, answer)
    select r.execution_id, r.started_at, coalesce(r.finished_at, p_now), r.generation, r.attempt, r.part, not r.is_live, r.step_id, r.class,
      r.provider_message_id, r.error, r.answer
    from report r
    where r.is_live and not p_is_known
  ), corrected as (
    insert into pgwhen.attempts (execution_id, started_at, finished_at, generation, attempt, part, late, step_id, class,
      provider_message_id, error, answer)
    select r.execution_id, r.started_at, coalesce(r.finished_at, p_now), r.generation, r.attempt, r.part, not r.is_live, r.step_id, r.class,
      r.provider_message_id, r.error, r.answer
    from report r
    where not r.is_live or p_is_known
    on conflict (execution_id, step_id, generation, part, attempt) do update
    set late = true, finished_at = excluded.finished_at, class = excluded.class, provider_message_id = excluded.provider_message_id,
      error = excluded.error, answer = excluded.answer
    where attempts.error ->> 'code' = 'lease_expired'
  ), step as (
    update pgwhen.execution_steps s
    set status = d.status, outcome = case when d.is_left then null when d.status = 'completed' then 'success' when d.status = 'failed' then 'error' end,
      finished_at = case when d.status in ('completed', 'failed', 'cancelled') then p_now end,
      tries = s.tries + d.counts, reason = d.reason, output = coalesce(d.output, s.output),
      error = case when d.class <> 'ok' then coalesce(d.error, '{}') || jsonb_build_object('class', d.class) end
    from decided d
    where s.execution_id = d.execution_id and s.step_id = d.step_id and s.part = d.part
    returning s.execution_id, s.step_id, s.part, s.status, d.is_left,
      s.part = 0 and (s.status = 'failed' or s.status = 'completed' and d.goes_on) as goes_on
  ), done as (
    delete from pgmq.q_pgwhen_actions q using decided d where q.msg_id = d.message_id
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, part, step_id, purpose)
    select d.execution_id, d.due_at, d.part, d.step_id, 'retry' from decided d where d.status = 'sleeping'
    on conflict do nothing
  ), put_aside as (
    insert into pgwhen.held (execution_id, held_at, part, generation, tenant, step_id, connection, reason)
    select d.execution_id, p_now, d.part, d.generation, d.tenant, d.step_id, d.connection, d.reason
    from decided d where d.status = 'held'
    on conflict do nothing
  ), unsent as (
    insert into pgwhen.logs (log_id, at, execution_id, level, tenant, step_id, message, data)
    select pgwhen._log_id(p_now), p_now, d.execution_id, 'warning', d.tenant, d.step_id,
      pgwhen._unsent_text(d.execution_id, d.step_id, d.generation, d.part, d.error), d.error
    from decided d where d.part > 0 and d.status = 'failed'
  ), handed as (
    -- A notification goes on when one of its messages has left or failed.
    insert into pgwhen.handovers (execution_id, step_id, purpose)
    select distinct d.execution_id, d.step_id, 'notification'
    from decided d where d.part > 0 and d.type = 'notification' and d.status in ('completed', 'failed')
  )
  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where s.goes_on),
    array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where s.status in ('failed', 'uncertain') and s.part = 0 and not s.is_left),
    array_agg(distinct s.execution_id) filter (where not s.goes_on),
    (select count(*) from report r where not r.is_live),
    (select jsonb_agg(jsonb_build_object('tenant', d.tenant, 'connection', d.connection, 'class', d.class, 'code', d.error ->> 'code',
       'message', d.error ->> 'message', 'due_at', d.due_at, 'at', coalesce(d.finished_at, p_now), 'execution', d.execution_id, 'step', d.step_id, 'batch', d.batch_id))
     from decided d where d.connection is not null and d.class <> 'permanent'),
    (select bool_or(r.extra is not null) from report r)
  into settled, failed, others, late, answers, has_extra
  from step s;
end
$$;
comment on function pgwhen._record_reports(pgwhen.action_report[], timestamptz, boolean) is 'Records results of attempts as of p_now; p_is_known allows for attempts that have one.
Returns the steps that settled with something to follow (settled), those that failed or are uncertain (failed), the executions of all others (others), how many
reports were late, what the answers say of connections (null: nothing), and whether a report has an extra.';
