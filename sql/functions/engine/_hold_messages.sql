-- From the queue into held, by whoever has locked the messages. Executions are locked first, in id order, and not waited for: what
-- somebody holds stays in the queue and is looked at again by the next claim.
create or replace function pgwhen._hold_messages(p_messages bigint[], p_causes text[], p_reasons text[]) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
begin
  v_ids := array(
    select x.execution_id
    from (
      select distinct (q.message ->> 'execution')::uuid as execution_id
      from unnest(p_messages) i (msg_id)
      join pgmq.q_pgwhen_actions q on q.msg_id = i.msg_id) i
    join pgwhen.executions x on x.execution_id = i.execution_id
    order by x.execution_id
    for no key update of x skip locked);
  with taken as (
    delete from pgmq.q_pgwhen_actions q
    using unnest(p_messages, p_causes, p_reasons) i (msg_id, cause, reason)
    where q.msg_id = i.msg_id and (q.message ->> 'execution')::uuid = any (v_ids)
    returning (q.message ->> 'execution')::uuid as execution_id, q.message ->> 'step' as step_id, (q.message ->> 'part')::integer as part,
      (q.message ->> 'generation')::integer as generation, i.cause, i.reason
  ), step as (
    update pgwhen.execution_steps s
    set status = 'held', reason = t.reason
    from taken t
    where s.execution_id = t.execution_id and s.step_id = t.step_id and s.part = t.part and s.generation = t.generation
      and s.status in ('queued', 'claimed')
    returning s.execution_id, s.step_id, s.part, s.generation, t.cause, t.reason
  ), put_aside as (
    insert into pgwhen.held (execution_id, held_at, part, generation, tenant, step_id, cause, reason)
    select s.execution_id, v_now, s.part, s.generation, x.tenant, s.step_id, s.cause, s.reason
    from step s
    join pgwhen.executions x on x.execution_id = s.execution_id
    on conflict (execution_id, step_id, part) do nothing
    returning execution_id
  )
  select array_agg(p.execution_id) into v_ids from put_aside p;
  if v_ids is null then
    return 0;
  end if;
  perform pgwhen._refresh_executions(v_ids);
  return cardinality(v_ids);
end
$$;
comment on function pgwhen._hold_messages(bigint[], text[], text[]) is 'Takes locked messages out of the queue and holds their actions, each with a cause and a reason; returns how many.';
