-- Of several recipients the first counts: with a time for each there might be none for all. One look at the clock for all messages
-- with the same window, zone and quiet hours.
create or replace function pgwhen._defer_messages(p_given jsonb, p_now timestamptz) returns jsonb
language sql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_bitmapscan = on
as $$
  with message as materialized (
    select m.message_id, m.tenant, m.channel, m."window", m.timezone, coalesce(m.category, 'transactional') <> 'transactional' as may_wait,
      pgwhen._plain_address(m.channel, m.recipients[1]) as address
    from jsonb_to_recordset(p_given) as m (message_id bigint, tenant text, channel text, recipients text[], category text, "window" jsonb, timezone text)
    where m.channel in ('email', 'sms', 'push', 'chat') and (m."window" is not null or coalesce(m.category, 'transactional') <> 'transactional')
  ), asked as materialized (
    select m.message_id, m."window", case when m.may_wait then r.quiet_from end as quiet_from, case when m.may_wait then r.quiet_to end as quiet_to,
      case when pgwhen._is_valid('timezone', r.timezone) then r.timezone else coalesce(m.timezone, 'UTC') end as timezone
    from message m
    left join lateral (
      select p.quiet_from, p.quiet_to, p.timezone from pgwhen.recipients p where m.channel = 'email' and p.tenant = m.tenant and lower(p.email) = m.address
      union all
      select p.quiet_from, p.quiet_to, p.timezone from pgwhen.recipients p where m.channel = 'sms' and p.tenant = m.tenant and p.phone = m.address
      union all
      select p.quiet_from, p.quiet_to, p.timezone from pgwhen.recipients p where m.channel = 'push' and p.tenant = m.tenant and p.push @> array[m.address]
      union all
      select p.quiet_from, p.quiet_to, p.timezone from pgwhen.recipients p where m.channel = 'chat' and p.tenant = m.tenant and p.chat = m.address
      limit 1) r on true
  ), opening as materialized (
    select d.*, o.opens_at, o.problem
    from (select a."window", a.quiet_from, a.quiet_to, a.timezone, array_agg(a.message_id) as messages
          from asked a
          where a."window" is not null or a.quiet_from is not null
          group by a."window", a.quiet_from, a.quiet_to, a.timezone) d
    cross join lateral pgwhen._sending_opening(p_now, d."window", d.quiet_from, d.quiet_to, d.timezone) o
    where o.problem is not null or o.opens_at > p_now
  )
  select coalesce(jsonb_object_agg(i.message_id, case
    when o.problem is not null then jsonb_build_object('verdict', 'held', 'reason', 'the holidays of the sending window cannot be read: ' || o.problem)
    else jsonb_build_object('verdict', 'deferred', 'until', o.opens_at, 'reason', format('%s until %s (%s)',
      case when o."window" is null then 'quiet hours of the recipient' when o.quiet_from is null then 'outside the sending window'
        else 'outside the sending window or in quiet hours' end,
      to_char(o.opens_at at time zone o.timezone, 'YYYY-MM-DD HH24:MI'), o.timezone)) end), '{}')
  from opening o
  cross join unnest(o.messages) i (message_id)
$$;
comment on function pgwhen._defer_messages(jsonb, timestamptz) is 'Which messages may not leave now because of the sending window or quiet hours: by message, {verdict, until, reason}.';
