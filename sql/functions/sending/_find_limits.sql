-- Only for what would leave otherwise: what is held or throttled is not counted for a rate or a cap. What this very attempt was let
-- through for is not counted again.
create or replace function pgwhen._find_limits(p_messages jsonb, p_now timestamptz) returns jsonb
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with found as materialized (
    select g.message_id, g.execution_id, g.step_id, g.generation, g.part, g.channel, g.recipients, x.tenant, x.workflow_id, x.version, x.priority,
      case when jsonb_typeof(g.message -> 'to') = 'array' then g.message -> 'to' end as main, coalesce(g.connection, f.connection) as connection, f.batch_id
    from jsonb_populate_recordset(null::pgwhen.frozen_message, p_messages) g
    join pgmq.q_pgwhen_actions q on q.msg_id = g.message_id and q.vt > p_now
    join pgwhen.execution_steps s on s.execution_id = g.execution_id and s.step_id = g.step_id and s.part = g.part and s.generation = g.generation
      and s.attempt = g.attempt and s.status = 'claimed'
    join pgwhen.executions x on x.execution_id = g.execution_id and x.status in ('pending', 'running', 'waiting')
    left join lateral (
      select f.connection, f.batch_id from pgwhen.frozen_messages f
      where f.execution_id = case when g.connection is null or g.message is null then g.execution_id end and f.step_id = g.step_id and f.generation = g.generation
        and f.part = g.part) f on true
  )
  select pgwhen._limit_sending(jsonb_agg(jsonb_build_object('message_id', f.message_id, 'execution_id', f.execution_id, 'step_id', f.step_id,
    'generation', f.generation, 'part', f.part, 'tenant', f.tenant, 'workflow_id', f.workflow_id, 'version', f.version, 'priority', f.priority,
    'channel', f.channel, 'connection', f.connection, 'recipients', to_jsonb(f.recipients), 'to', f.main, 'batch', f.batch_id)), p_now)
  from found f
  left join lateral (
    select c.status = 'paused' or c.throttled_until > p_now as is_shut from pgwhen.connections c
    where c.name = f.connection and c.tenant in (f.tenant, 'default')
    order by c.tenant = f.tenant desc limit 1) n on true
  where n.is_shut is not true and (pgwhen._hold_cause(f.tenant, f.workflow_id)).cause is null
$$;
comment on function pgwhen._find_limits(jsonb, timestamptz) is 'What keeps messages (frozen_message objects) from leaving, as _limit_sending says it; null for nothing.';
