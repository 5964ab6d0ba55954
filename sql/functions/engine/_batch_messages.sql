-- What belongs to one call is claimed together, also beyond what was asked for: whole, a batch leaves once; in parts, its parts
-- would ask for the same call one after the other. Only what is due comes along, and nothing is waited for.
create or replace function pgwhen._batch_messages(p_batches uuid[], p_claimed bigint[]) returns bigint[]
language sql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with member as materialized (
    select f.execution_id, f.step_id, f.generation, f.part from pgwhen.frozen_messages f where f.batch_id = any (p_batches)
  )
  select array(
    select q.msg_id
    from pgmq.q_pgwhen_actions q
    where q.vt <= (select pgwhen._now()) and q.msg_id <> all (p_claimed)
      and ((q.message ->> 'execution')::uuid, q.message ->> 'step', (q.message ->> 'generation')::integer, (q.message ->> 'part')::integer)
        in (select m.execution_id, m.step_id, m.generation, m.part from member m)
    order by q.msg_id
    for update of q skip locked)
$$;
comment on function pgwhen._batch_messages(uuid[], bigint[]) is 'Queue messages that are due and share a batch (p_batches) with claimed ones (p_claimed), locked.';
