-- Through the queue, as any event: the tick alone matches events to waits, so that none is missed. What no workflow waits for or
-- starts from is not emitted. The cause is the execution whose message it was, so that the loop guard holds: a workflow that is
-- started by a bounce, and whose own message bounces, ends there. The keys of the input have names that mean nothing else in a match,
-- where event, execution and workflow are roots.
create or replace function pgwhen._tell_deliveries(p_rows jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_count integer;
  v_handed integer;
begin
  with told as (
    select d.*, case when d.status = 'received' then 'sms.received' else 'message.' || d.status end as type, w.workflow, x.depth
    from jsonb_to_recordset(p_rows) as d (delivery_id bigint, tenant text, connection text, channel text, address text, status text, event text,
      at timestamptz, detail jsonb, told jsonb, execution_id uuid, step_id text, generation integer, part integer, provider_message_id text)
    left join lateral (
      select e.workflow_id, e.depth from pgwhen.executions e where e.execution_id = d.execution_id offset 0) x on true
    left join pgwhen.workflows w on w.workflow_id = x.workflow_id
    where d.status <> 'accepted'
  ), wanted as (
    select t.* from told t
    where t.status = 'received'
      or exists (select from pgwhen.trigger_keys k where k.match_key = format('event:%s:%s', t.tenant, t.type))
      or exists (select from pgwhen.watch_keys k
        where k.source = format('event:%s:%s', t.tenant, t.type) or k.source = 'delivery' and t.execution_id is not null)
  ), sent as (
    insert into pgwhen._event_queue (enqueued_at, message)
    select pgwhen._now(), jsonb_build_object('v', 1, 'operation', 'event', 'type', w.type, 'tenant', w.tenant, 'actor', pgwhen._actor(),
        'input', jsonb_build_object('delivery', w.delivery_id) || case when w.status = 'received' then jsonb_build_object('from', w.address, 'to', w.told -> 'to', 'text', w.told -> 'text',
            'connection', w.connection, 'provider_message_id', w.provider_message_id, 'at', pgwhen._iso(w.at))
          else jsonb_build_object('status', w.status, 'channel', w.channel, 'address', w.address, 'connection', w.connection,
            'provider_message_id', w.provider_message_id, 'execution_id', w.execution_id, 'step_id', w.step_id, 'part', w.part,
            'workflow_id', w.workflow, 'at', pgwhen._iso(w.at), 'provider_event', w.event, 'detail', w.detail) end)
      || case when w.execution_id is null then '{}' else jsonb_build_object('cause',
        jsonb_build_object('execution', w.execution_id, 'depth', coalesce(w.depth, 0) + 1)) end
    from wanted w
    order by w.delivery_id
    returning msg_id, enqueued_at, message
  ), noted as (
    update pgwhen.deliveries d set event_id = pgwhen._event_id(s.enqueued_at, s.msg_id)
    from sent s
    where d.delivery_id = (s.message #>> '{input,delivery}')::bigint
    returning 1
  )
  select count(*) into v_count from noted;
  -- A notification tries the next channel as soon as one has failed, and ends when one has delivered.
  insert into pgwhen.handovers (execution_id, step_id, purpose)
  select distinct d.execution_id, d.step_id, 'notification'
  from jsonb_to_recordset(p_rows) as d (execution_id uuid, step_id text, status text)
  cross join lateral (
    select e.workflow_id, e.version from pgwhen.executions e where e.execution_id = d.execution_id offset 0) x
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = d.step_id
  where d.status <> 'accepted' and t.type = 'notification';
  get diagnostics v_handed = row_count;
  if v_count + v_handed > 0 and pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
end
$$;
comment on function pgwhen._tell_deliveries(jsonb) is 'Emits message.delivered, message.bounced, sms.received ... for what providers told, where something can use it.';
