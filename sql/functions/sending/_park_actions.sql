-- What freeze_actions does not let leave now, apart from it, since most often there is none: it leaves the queue, to sleep until its time
-- or to be held until somebody releases it.
create or replace function pgwhen._park_actions(p_parked jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  with parked as materialized (
    select p.* from jsonb_to_recordset(p_parked) as p (execution_id uuid, step_id text, part integer, generation integer, message_id bigint,
      verdict text, until timestamptz, tries integer, tenant text, connection text, cause text, limits jsonb, reason text)
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, part, step_id, purpose)
    select p.execution_id, p.until, p.part, p.step_id, 'retry' from parked p where p.verdict = 'deferred'
  ), waited as (
    update pgwhen.frozen_messages f
    set deferred = coalesce(f.deferred, '0') + (p.until - p_now)
    from parked p
    where p.verdict = 'deferred' and p.tries > 0 and f.execution_id = p.execution_id and f.step_id = p.step_id and f.generation = p.generation
      and f.part = p.part
  ), put_aside as (
    insert into pgwhen.held (execution_id, held_at, part, generation, tenant, step_id, connection, cause, reason)
    select p.execution_id, p_now, p.part, p.generation, p.tenant, p.step_id, case when p.cause is null and p.limits is null then p.connection end, p.cause, p.reason
    from parked p where p.verdict = 'held'
  )
  delete from pgmq.q_pgwhen_actions q using parked p where q.msg_id = p.message_id;
  perform pgwhen._refresh_executions(array(select (p ->> 'execution_id')::uuid from jsonb_array_elements(p_parked) p));
end
$$;
comment on function pgwhen._park_actions(jsonb, timestamptz) is 'Puts actions aside that freeze_actions deferred or held as of p_now, until they are due or released.';
