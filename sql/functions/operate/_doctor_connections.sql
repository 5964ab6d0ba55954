-- What is held for a connection that is active again was missed by its resume, or comes from elsewhere.
create or replace function pgwhen._doctor_connections() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with known as materialized (
    select * from pgwhen.list_connections()
  ), named as (
    select distinct n.channel, n.name, w.workflow
    from pgwhen.workflows w
    join pgwhen.steps s on s.workflow_id = w.workflow_id and s.version = w.active_version
    cross join lateral (
      select s.type as channel, s.definition ->> 'connection' as name where s.definition ? 'connection'
      union all
      select c.key, c.value from jsonb_each_text(case jsonb_typeof(s.definition -> 'connections') when 'object' then s.definition -> 'connections' end) c) n
    where w.tenant = pgwhen._tenant() and w.status = 'active'
  ), undecided as (
    -- Of the tenant's own, else of the common ones; where the environment has one for the channel, that is taken. Requests need none.
    select k.channel, array_agg(k.name order by k.name) as names
    from known k
    where k.origin = 'defined' and k.channel <> 'http'
      and not exists (select from known d where d.channel = k.channel and (d.is_default or d.origin = 'environment'))
      and (not k.shared or not exists (select from known own where own.channel = k.channel and own.origin = 'defined' and not own.shared))
    group by k.channel
    having count(*) > 1
  )
  select 'connection ' || k.name,
    case when k.status = 'paused' and k.held > 0 then 'error'
      when k.status = 'paused' or k.throttled_until is not null or k.opened_until is not null or k.held > 0 then 'warning' else 'ok' end,
    concat_ws('; ',
      case when k.status = 'paused' then 'paused' || coalesce(': ' || k.reason, '') else 'active' end,
      'throttled until ' || pgwhen._when(k.throttled_until),
      case when k.opened_until > pgwhen._now() then format('its circuit breaker is open until %s, after %s failures in a row', pgwhen._when(k.opened_until), k.failures)
        when k.opened_until is not null then format('after %s failures in a row its circuit breaker lets one message try', k.failures) end,
      case when k.held > 0 then format('%s actions are held', k.held) end),
    case when k.status = 'paused' or k.held > 0 then format('When the cause is gone: pgwhen connections resume %s', k.name)
      when k.opened_until is not null then format('What is wrong: pgwhen connections test %s', k.name) end
  from known k
  union all
  select 'connections', 'error', format('%s names the connection %s, %s', string_agg(n.workflow, ', ' order by n.workflow), n.name,
      coalesce('which is for ' || k.channel || ', not ' || n.channel, 'which does not exist')),
    case when k.name is null then format('pgwhen connections add %s; its steps fail without', n.name) else 'Name another in the workflow; its steps fail.' end
  from named n
  left join known k on k.name = n.name
  where k.channel is distinct from n.channel
  group by n.channel, n.name, k.name, k.channel
  union all
  select 'connections', 'error', format('%s connections for %s (%s), and none is the default', cardinality(u.names), u.channel, array_to_string(u.names, ', ')),
    'pgwhen connections default NAME; steps that name none fail without.'
  from undecided u
  union all
  select 'connections', 'ok', 'none is known yet', null
  where not exists (select from known)
$$;
comment on function pgwhen._doctor_connections() is 'doctor: connections that are paused, throttled or broken, that steps name and nobody has, and channels where the choice is open.';
