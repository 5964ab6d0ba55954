-- A batch is exactly what may leave together, so that what is stored of it is what a retry sends. A poller proposes batches when it
-- freezes; what may not leave now has none, and goes into another when it may. A message that is given with the key batch_id, of
-- null, leaves its batch. Without the key nothing changes: a batch that may have been processed stays what it was.
create or replace function pgwhen._settle_batches(p_messages jsonb, p_verdicts jsonb) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with given as materialized (
    select (m.value ->> 'execution_id')::uuid as execution_id, m.value ->> 'step_id' as step_id, (m.value ->> 'generation')::integer as generation,
      (m.value ->> 'part')::integer as part, (m.value ->> 'attempt')::integer as attempt, (m.value ->> 'batch_id')::uuid as batch_id,
      (m.value #>> '{extra,batch_place}')::integer as batch_place
    from jsonb_array_elements(p_messages) m
    where m.value ? 'batch_id'
  ), settled as materialized (
    select g.execution_id, g.step_id, g.generation, g.part, v.verdict, g.batch_id as proposed,
      case when v.verdict = 'send' then g.batch_id end as batch_id, case when v.verdict = 'send' and g.batch_id is not null then g.batch_place end as batch_place
    from given g
    join jsonb_to_recordset(p_verdicts) as v (execution_id uuid, step_id text, part integer, attempt integer, verdict text)
      on v.execution_id = g.execution_id and v.step_id = g.step_id and v.part = g.part and v.attempt = g.attempt
  )
  update pgwhen.frozen_messages f
  set batch_id = s.batch_id, batch_place = s.batch_place
  from settled s
  where f.execution_id = any (array(select g.execution_id from given g))
    and f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation and f.part = s.part
    and (f.batch_id, f.batch_place) is distinct from (s.batch_id, s.batch_place)
    -- A lost lease is somebody else's by now; only what was just proposed is taken back.
    and (s.verdict <> 'lost' or f.batch_id = s.proposed)
$$;
comment on function pgwhen._settle_batches(jsonb, jsonb) is 'Makes the batches that a poller proposes (frozen_message objects with batch_id) what may leave by the verdicts (freeze_verdict objects).';
