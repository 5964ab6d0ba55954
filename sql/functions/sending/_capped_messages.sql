-- What has been counted goes on whatever it counts: another attempt is no further message.
create or replace function pgwhen._capped_messages(p_given jsonb)
returns table (message_id bigint, execution_id uuid, step_id text, generation integer, part integer, tenant text, channel text, address text, most integer,
  per interval, place bigint)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select m.message_id, m.execution_id, m.step_id, m.generation, m.part, m.tenant, m.channel, r.address, c.most, c.per,
    row_number() over (partition by m.tenant, m.channel, r.address order by m.priority, m.message_id)
  from jsonb_to_recordset(p_given) as m (message_id bigint, execution_id uuid, step_id text, generation integer, part integer, tenant text, channel text,
    recipients text[], category text, priority integer, without text[])
  join pgwhen._recipient_caps() c on c.channel = m.channel and case when c.categories is null then coalesce(m.category, 'transactional') <> 'transactional'
    else coalesce(m.category, 'transactional') = any (c.categories) end
  cross join lateral (
    select distinct pgwhen._plain_address(m.channel, u.address) as address from unnest(m.recipients) u (address)) r
  where r.address is not null and r.address <> all (coalesce(m.without, '{}'))
    and not exists (
      select from pgwhen.recipient_sends s
      where s.tenant = m.tenant and s.channel = m.channel and s.address = r.address and s.execution_id = m.execution_id and s.step_id = m.step_id
        and s.generation = m.generation and s.part = m.part
      offset 0)
$$;
comment on function pgwhen._capped_messages(jsonb) is 'Messages that count for the cap of a recipient, a row for each address, with their order there.';
