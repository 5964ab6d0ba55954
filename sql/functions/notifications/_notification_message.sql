-- What the poller gets for a message of a notification: a step of the channel's type, and what its templates see as notification.
create or replace function pgwhen._notification_message(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object(
    'type', c.channel,
    'definition', jsonb_strip_nulls(jsonb_build_object('to', case c.channel
          when 'sms' then '{{ notification.to.phone }}' else format('{{ notification.to.%s }}', c.channel) end,
        'locale', case when n.addresses ? 'locale' then '["{{ notification.to.locale }}"]' else '[]' end::jsonb || coalesce(t.definition -> 'locale', '[]'),
        'timezone', coalesce(n.addresses -> 'timezone', t.definition -> 'timezone'),
        'category', t.definition -> 'category', 'connection', t.definition -> 'connections' -> c.channel))
      || case when jsonb_typeof(t.definition -> 'message') = 'string'
        then jsonb_strip_nulls(jsonb_build_object('template', t.definition -> 'message', 'variables', t.definition -> 'variables'))
        else pgwhen._channel_texts(c.channel, t.definition -> 'message') end,
    'context', jsonb_build_object('notification', jsonb_build_object('to', n.addresses, 'recipient', n.recipient, 'channel', c.channel,
      'items', coalesce(i.items, '[]'), 'count', coalesce(i.count, 1), 'since', pgwhen._iso(coalesce(i.since, n.created_at)))))
  from pgwhen.notifications n
  join pgwhen.executions x on x.execution_id = n.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = n.step_id
  cross join lateral (select n.channels[p_part] as channel) c
  cross join lateral (
    select jsonb_agg(d.item order by d.collected_at) as items, nullif(count(*), 0) as count, min(d.collected_at) as since
    from pgwhen._digest_items(n.digest_id) d) i
  where n.execution_id = p_execution_id and n.step_id = p_step_id and n.generation = p_generation
$$;
comment on function pgwhen._notification_message(uuid, text, integer, integer) is 'Type, definition and context of a message of a notification; no row for other steps.';
