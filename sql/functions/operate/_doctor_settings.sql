-- A misspelt name means the default, silently; test_mode lets every session set the clock.
create or replace function pgwhen._doctor_settings() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with problem (status, detail, hint) as (
    select 'warning', 'test_mode is on: every session may set the clock and claim to be a workflow',
      'update pgwhen.settings set value = ''false'' where name = ''test_mode'''
    from pgwhen.settings s
    where s.name = 'test_mode' and s.value = 'true'
    union all
    select 'warning', format('setting %s is not known', s.name), format('delete from pgwhen.settings where name = %L', s.name)
    from pgwhen.settings s
    where s.name not in ('retention_days', 'failed_retention_days', 'unstarted_event_days', 'max_depth', 'test_mode', 'id_namespace',
      'events_pruned_until', 'fail_point', 'log_level', 'audit_retention_days',
      'recipient_caps', 'breaker_failures', 'endpoint_disable_days', 'unsubscribe_url', 'callback_seconds')
    union all
    select 'error', format('setting %s is %s, not a number from 1', s.name, s.value), format('update pgwhen.settings set value = ''30'' where name = %L', s.name)
    from pgwhen.settings s
    where s.name in ('retention_days', 'failed_retention_days', 'unstarted_event_days', 'max_depth', 'audit_retention_days', 'breaker_failures',
      'endpoint_disable_days', 'callback_seconds')
      and not coalesce(s.value #>> '{}' ~ '^[0-9]{1,6}$' and s.value <> '0', false)
    union all
    select 'error', format('setting log_level is %s, not debug, info, warning or error', s.value), 'update pgwhen.settings set value = ''"info"'' where name = ''log_level'''
    from pgwhen.settings s
    where s.name = 'log_level' and pgwhen._log_rank(s.value #>> '{}') is null
    union all
    -- From before such a value was refused.
    select 'error', format('setting recipient_caps caps nothing for %s, which is not a channel with recipients', pgwhen._quote(to_jsonb(c.channel))),
      'Channels are email, sms, push and chat: update pgwhen.settings set value = ... where name = ''recipient_caps'''
    from pgwhen._recipient_caps() c
    where c.channel not in ('email', 'sms', 'push', 'chat')
  )
  select 'settings', p.status, p.detail, p.hint from problem p
  union all
  select 'settings', 'ok', string_agg(format('%s %s', s.name, s.value), ', ' order by s.name), null
  from pgwhen.settings s
  where s.name in ('retention_days', 'failed_retention_days', 'unstarted_event_days', 'max_depth')
  having not exists (select from problem p)
$$;
comment on function pgwhen._doctor_settings() is 'doctor: settings that are unknown, wrong or dangerous.';
