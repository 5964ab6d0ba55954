-- The first word that settles it, in the order of arrival. Who opened or clicked has got it. A notification has a message for each
-- channel: one that arrived is enough, and the others count when none is left to be told of. Where the step ended without a message
-- nothing will ever be told.
create or replace function pgwhen._delivery_outcome(p_execution_id uuid, p_step_id text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with step as (
    select s.generation, s.status, s.reason, s.error, t.type
    from pgwhen.execution_steps s
    join pgwhen.executions x on x.execution_id = s.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
    where s.execution_id = p_execution_id and s.step_id = p_step_id and s.part = 0
  ), told as (
    select d.*, case when d.status in ('opened', 'clicked', 'unsubscribed') then 'delivered' else d.status end as final
    from step s
    join pgwhen.deliveries d on d.execution_id = p_execution_id and d.step_id = p_step_id and d.generation = s.generation
    where d.status in ('delivered', 'failed', 'bounced', 'opened', 'clicked', 'unsubscribed', 'complained')
  ), settled as (
    select t.* from told t cross join step s
    where s.type <> 'notification' or t.final in ('delivered', 'complained')
      or s.status not in ('waiting', 'sleeping', 'held', 'ready', 'queued', 'claimed', 'sending') and not exists (
        select from pgwhen.frozen_messages f
        where f.execution_id = p_execution_id and f.step_id = p_step_id and f.generation = t.generation
          and not exists (select from told o where o.part = f.part))
    order by t.delivery_id
    limit 1
  )
  select jsonb_build_object('status', d.final, 'at', pgwhen._iso(d.at), 'address', d.address, 'channel', d.channel, 'connection', d.connection,
    'provider_message_id', d.provider_message_id, 'event', d.event, 'detail', d.detail)
  from settled d
  union all
  select jsonb_build_object('status', 'not_sent', 'reason', coalesce(s.reason, s.error ->> 'message', s.status))
  from step s
  where s.status in ('failed', 'skipped', 'not_reached', 'cancelled') and not exists (select from settled)
$$;
comment on function pgwhen._delivery_outcome(uuid, text) is 'What became of a step''s message, once that is known: {status: delivered | bounced | failed | complained | not_sent, at, address, ...}; null before.';
