create or replace function pgwhen._notification_output(p_execution_id uuid, p_step_id text, p_generation integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object('recipient', n.recipient,
      'channel', max(c.channel) filter (where s.status = 'completed' and s.part = n.place),
      'message_id', max(s.output ->> 'message_id') filter (where s.part = n.place),
      'digest', n.digest_id, 'count', (select count(*) from pgwhen._digest_items(n.digest_id)) + case when n.digest_id is null then 1 else 0 end))
    || jsonb_build_object('channels', coalesce(jsonb_object_agg(c.channel, jsonb_strip_nulls(jsonb_build_object('status', s.status,
        'reason', s.reason, 'message_id', s.output -> 'message_id', 'error', s.error -> 'message'))) filter (where s.step_id is not null), '{}'))
  from pgwhen.notifications n
  cross join lateral unnest(n.channels) with ordinality c (channel, part)
  left join pgwhen.execution_steps s on s.execution_id = n.execution_id and s.step_id = n.step_id and s.part = c.part and s.generation = n.generation
  where n.execution_id = p_execution_id and n.step_id = p_step_id and n.generation = p_generation
  group by n.execution_id, n.step_id, n.generation
$$;
comment on function pgwhen._notification_output(uuid, text, integer) is 'Output of a notification: recipient, channel, message_id, digest, count, and what each channel came to.';
