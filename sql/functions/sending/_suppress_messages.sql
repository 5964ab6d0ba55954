-- Before its first attempt a message loses the recipients who are suppressed, and is stopped where nobody is left in to. Later its
-- bytes stay as they are: then it is stopped only where nobody is left at all.
create or replace function pgwhen._suppress_messages(p_given jsonb) returns jsonb
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with message as materialized (
    select m.* from jsonb_to_recordset(p_given) as m (message_id bigint, tenant text, channel text, recipients text[], "to" text[], category text)
    where m.channel in ('email', 'sms', 'push', 'chat')
  ), address as materialized (
    select m.message_id, m.tenant, m.channel, m.category, r.plain, r.is_main
    from message m
    cross join lateral (
      select pgwhen._plain_address(m.channel, u.address) as plain,
        m."to" is null or pgwhen._plain_address(m.channel, u.address) = any (array(select pgwhen._plain_address(m.channel, t) from unnest(m."to") t)) as is_main
      from unnest(m.recipients) u (address)) r
  ), stopped as materialized (
    select a.message_id, a.plain, a.is_main, s.why
    from address a
    left join lateral (
      select format('%s: %s', a.plain, concat_ws(', ', case s.reason when 'opt_out' then 'opted out' when 'bounce' then 'bounced'
          when 'complaint' then 'complained' when 'dead_token' then 'the device is gone' else 'suppressed by hand' end
          || case when s.category is not null then format(' of %s', s.category) else '' end
          || format(' on %s (%s)', to_char(s.at at time zone 'UTC', 'YYYY-MM-DD'), s.source), s.detail)) as why
      from pgwhen.suppressions s
      where s.tenant = a.tenant and s.channel = a.channel and s.address = a.plain and pgwhen._is_stopped(a.channel, a.category, s.reason, s.category)
      order by s.at limit 1) s on true
  ), judged as materialized (
    select s.message_id, not coalesce(bool_or(s.why is null and s.is_main), false) as is_over,
      array_agg(s.plain) filter (where s.why is not null) as addresses,
      left(string_agg(s.why, '; ' order by s.plain) filter (where s.why is not null), 500) as why
    from stopped s
    group by s.message_id
    having bool_or(s.why is not null)
  )
  select coalesce(jsonb_object_agg(j.message_id, case when j.is_over then jsonb_build_object('verdict', 'suppressed', 'reason', 'not sent: ' || j.why)
    else jsonb_build_object('without', to_jsonb(j.addresses), 'reason', 'left out: ' || j.why) end), '{}')
  from judged j
$$;
comment on function pgwhen._suppress_messages(jsonb) is 'Which messages are stopped by suppressions, or lose recipients: by message, {verdict, reason} or {without, reason}.';
