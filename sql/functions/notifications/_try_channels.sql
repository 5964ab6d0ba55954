-- A message by the next channel is the next part of the step, and an action like any other (_send_approval_messages). Where another
-- channel follows and the step has a time for it, it is looked at again then.
create or replace function pgwhen._try_channels(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_steps pgwhen.step_ref[];
  v_parts integer[];
begin
  with next as (
    update pgwhen.notifications n
    set place = n.place + 1
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
    where n.execution_id = r.execution_id and n.step_id = r.step_id and n.generation = x.generation
      and n.place < cardinality(n.channels)
    returning n.execution_id, n.step_id, n.generation, n.place, cardinality(n.channels) as count, (t.compiled ->> 'fallback')::float8 as fallback
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select n.execution_id, v_now + n.fallback * interval '1 second', n.step_id, 'timeout' from next n
    where n.fallback is not null and n.place < n.count
    on conflict (execution_id, step_id, part, purpose) do update set due_at = excluded.due_at
  ), written as (
    insert into pgwhen.execution_steps (execution_id, queued_at, generation, part, step_id, status)
    select n.execution_id, v_now, n.generation, n.place, n.step_id, 'waiting' from next n
    on conflict (execution_id, step_id, part) do update
    set status = 'waiting', generation = excluded.generation, queued_at = excluded.queued_at, started_at = null, finished_at = null,
      attempt = 0, tries = 0, outcome = null, reason = null, output = null, error = null
    returning execution_id, step_id, part
  )
  select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref), array_agg(w.part) into v_steps, v_parts from written w;
  if v_steps is not null then
    perform pgwhen._enqueue_actions(v_steps, v_parts);
    perform pgwhen._refresh_executions(array(select distinct r.execution_id from unnest(v_steps) r));
  end if;
end
$$;
comment on function pgwhen._try_channels(pgwhen.step_ref[]) is 'Queues the message of notifications by their next channel.';
