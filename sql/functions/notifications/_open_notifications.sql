-- A notification that begins: who is told how is decided now, once for the generation. What goes into a digest sleeps until its window
-- ends. A retry of the step that sent a digest sends that digest again.
create or replace function pgwhen._open_notifications(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ready pgwhen.step_ref[];
  v_refused pgwhen.step_ref[];
  v_reasons text[];
  v_failed pgwhen.step_ref[];
  v_problems text[];
begin
  with context as materialized (
    select c.execution_id, c.step_id, c.context from pgwhen._build_contexts(p_steps, 'engine') c
  ), given as materialized (
    select x.execution_id, c.step_id, x.generation, x.tenant, x.workflow_id, t.compiled, c.context, e.input, e.new, e.occurred_at,
      p.recipient, p.addresses, p.channels, p.refusal, p.problem, p.digest, case
        when pgwhen._is_valid('timezone', p.addresses ->> 'timezone') then p.addresses ->> 'timezone'
        else coalesce(t.compiled ->> 'zone', 'UTC') end as timezone,
      (select n.digest_id from pgwhen.notifications n
       join pgwhen.digests d on d.digest_id = n.digest_id
       where n.execution_id = x.execution_id and n.step_id = c.step_id and d.sent_by = x.execution_id
       order by n.generation desc limit 1) as sent_digest
    from context c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    left join lateral (
      select v.input, v.new, v.occurred_at from pgwhen.events v where v.event_id = x.event_id) e on true
    cross join lateral pgwhen._plan_notification(x.tenant, t.compiled, pgwhen._value(t.compiled -> 'to', c.context)) p
  ), planned as materialized (
    select g.*, case when g.digest is not null and g.sent_digest is null then pgwhen._digest_end(g.digest, g.timezone, v_now) end as ends_at,
      coalesce(pgwhen._value(g.digest -> 'key', g.context) #>> '{}', '') as key
    from given g
    where g.channels is not null
  ), window_of as (
    insert into pgwhen.digests as d (digest_id, ends_at, workflow_id, tenant, recipient, key)
    select pgwhen._log_id(v_now), p.ends_at, p.workflow_id, p.tenant, p.recipient, p.key
    from (select distinct on (q.workflow_id, q.tenant, q.recipient, q.key, q.ends_at) q.* from planned q where q.ends_at is not null) p
    on conflict (workflow_id, tenant, recipient, key, ends_at) do update set ends_at = excluded.ends_at
    returning d.digest_id, d.ends_at, d.workflow_id, d.tenant, d.recipient, d.key
  ), noted as (
    insert into pgwhen.notifications (execution_id, created_at, digest_id, generation, step_id, tenant, recipient, channels, addresses)
    select p.execution_id, v_now, coalesce(p.sent_digest, w.digest_id), p.generation, p.step_id, p.tenant, p.recipient, p.channels, p.addresses
    from planned p
    left join window_of w on w.workflow_id = p.workflow_id and w.tenant = p.tenant and w.recipient = p.recipient and w.key = p.key
      and w.ends_at = p.ends_at
    on conflict do nothing
  ), item as (
    insert into pgwhen.digest_items (digest_id, execution_id, collected_at, generation, step_id, item)
    select w.digest_id, p.execution_id, v_now, p.generation, p.step_id,
      coalesce(p.new, p.input, '{}') || jsonb_build_object('at', pgwhen._iso(coalesce(p.occurred_at, v_now)))
    from planned p
    join window_of w on w.workflow_id = p.workflow_id and w.tenant = p.tenant and w.recipient = p.recipient and w.key = p.key
      and w.ends_at = p.ends_at
    on conflict do nothing
  ), asleep as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select p.execution_id, p.ends_at, p.step_id, 'timeout' from planned p where p.ends_at is not null
    on conflict do nothing
  )
  select array_agg((g.execution_id, g.step_id)::pgwhen.step_ref) filter (where p.execution_id is not null and p.ends_at is null),
    array_agg((g.execution_id, g.step_id)::pgwhen.step_ref) filter (where g.refusal is not null),
    array_agg(g.refusal) filter (where g.refusal is not null),
    array_agg((g.execution_id, g.step_id)::pgwhen.step_ref) filter (where g.problem is not null),
    array_agg(g.problem) filter (where g.problem is not null)
  into v_ready, v_refused, v_reasons, v_failed, v_problems
  from given g
  left join planned p on p.execution_id = g.execution_id and p.step_id = g.step_id;

  for v_place in 1 .. coalesce(cardinality(v_failed), 0) loop
    perform pgwhen._fail_step(v_failed[v_place], jsonb_build_object('class', 'permanent', 'code', 'recipient', 'message', v_problems[v_place]));
  end loop;
  if v_refused is not null then
    perform pgwhen._skip_notifications(v_refused, v_reasons);
  end if;
  if v_ready is not null then
    perform pgwhen._try_channels(v_ready);
  end if;
end
$$;
comment on function pgwhen._open_notifications(pgwhen.step_ref[]) is 'Decides whom notification steps that begin tell, and tells them or puts them into a digest.';
