-- What a poller needs to know of e-mails that were frozen before (docs/decisions/0007-batches.md). A message is bound to its call
-- once an attempt of it may have been done: written and not answered, or answered with an error of the server where a key is
-- honoured. Its own attempts say that, because it was in hand whenever a call with it was made first. A bound batch leaves with
-- the bytes of all its members; those that are not claimed here are given once, with the first that is.
create or replace function pgwhen._describe_batches(p_claimed pgwhen.claimed_action[]) returns pgwhen.claimed_action[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with claimed as materialized (
    select c.*, (c.extra #>> '{batch,id}')::uuid as batch_id, c.extra ? 'batch' and exists (
        select from pgwhen.attempts a
        where a.execution_id = c.execution_id and a.step_id = c.step_id and a.generation = c.generation and a.part = c.part
          and (a.class in ('ok', 'uncertain') or a.class = 'transient' and a.answer is not null)
        offset 0) as bound,
      row_number() over (partition by c.extra #>> '{batch,id}' order by c.nth) as nth_of_batch
    from unnest(p_claimed) with ordinality as c (execution_id, step_id, generation, part, attempt, message_id, tenant, workflow, type,
      definition, context, frozen, connection, idempotency_key, timeout_seconds, lease_until, extra, nth)
  ), batch as materialized (
    select b.batch_id, m.size, m.others
    from (select c.batch_id, bool_or(c.bound) as bound from claimed c where c.batch_id is not null group by c.batch_id) b
    cross join lateral (
      select count(*) as size, jsonb_agg(jsonb_build_object('place', f.batch_place, 'message', f.message,
          'key', f.execution_id || ':' || f.step_id || ':' || f.generation || ':' || f.part) order by f.batch_place)
        filter (where b.bound and (f.execution_id, f.step_id, f.generation, f.part) not in (
          select c.execution_id, c.step_id, c.generation, c.part from claimed c)) as others
      from pgwhen.frozen_messages f
      where f.batch_id = b.batch_id) m
  )
  select array_agg((c.execution_id, c.step_id, c.generation, c.part, c.attempt, c.message_id, c.tenant, c.workflow, c.type, c.definition, c.context,
    c.frozen, c.connection, c.idempotency_key, c.timeout_seconds, c.lease_until,
    case when c.extra ? 'batch'
      then jsonb_set(c.extra, '{batch}', (c.extra -> 'batch') || jsonb_build_object('bound', c.bound)
        || case when b.batch_id is null then '{}' else jsonb_build_object('size', b.size) end
        || case when b.others is null or c.nth_of_batch > 1 then '{}' else jsonb_build_object('others', b.others) end)
      else c.extra end)::pgwhen.claimed_action order by c.nth)
  from claimed c
  left join batch b on b.batch_id = c.batch_id
$$;
comment on function pgwhen._describe_batches(pgwhen.claimed_action[]) is 'Says of claimed e-mails that were frozen before what call they belong to: extra.batch is {id, place, size, bound, others: [{place, key, message}]}.';
