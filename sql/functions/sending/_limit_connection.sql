-- Under the lock of the connection's clock, so that what one poller lets through the next one knows of.
--
-- Messages at a time are those that are leased in the queue. An open circuit breaker keeps all back; one whose time is over is half-open
-- and lets one message through, the probe, until that has been answered or its lease has run out. The rate is that of a generic cell rate
-- algorithm: one second's worth may leave at once, after that one message each rate_seconds / rate_limit. What is beyond gets a turn,
-- and is not overtaken by what comes later; missed turns do not add up, since the clock has the last word. What left in one call goes
-- on in one call: the first of its messages decides for all, and all count.
create or replace function pgwhen._limit_connection(p_tenant text, p_name text, p_given jsonb, p_now timestamptz) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
declare
  v_connection pgwhen.connections;
  v_clock pgwhen.connection_clocks;
  v_is_half_open boolean;
  v_has_probe boolean;
  v_room integer;
  v_pause interval;
  v_burst integer;
  v_from timestamptz;
  v_allowed integer;
  v_result jsonb;
begin
  insert into pgwhen.connection_clocks (tenant, name) values (p_tenant, p_name) on conflict do nothing;
  select c.* into v_clock from pgwhen.connection_clocks c where c.tenant = p_tenant and c.name = p_name for update;
  -- As they are now that the lock is ours.
  select c.* into v_connection from pgwhen.connections c where c.tenant = p_tenant and c.name = p_name;
  if v_connection.opened_until > p_now then
    return (
      select jsonb_object_agg(g.value ->> 'message_id', jsonb_build_object('verdict', 'deferred',
        'until', v_connection.opened_until + pgwhen._chance(coalesce(g.value ->> 'batch', g.value ->> 'message_id')) * interval '5 seconds',
        'reason', format('connection %s: circuit breaker open until %s after %s failures', p_name, pgwhen._when(v_connection.opened_until), v_connection.failures)))
      from jsonb_array_elements(p_given) g);
  end if;

  delete from pgwhen.connection_slots s
  where s.tenant = p_tenant and s.name = p_name
    and not exists (select from pgmq.q_pgwhen_actions q where q.msg_id = s.message_id and q.vt > p_now);
  v_is_half_open := v_connection.opened_until is not null;
  v_has_probe := v_is_half_open and exists (select from pgwhen.connection_slots s where s.tenant = p_tenant and s.name = p_name and s.is_probe);
  v_room := v_connection.concurrency - (select count(*) from pgwhen.connection_slots s where s.tenant = p_tenant and s.name = p_name)::integer;
  if v_is_half_open then
    v_room := least(v_room, case when v_has_probe then 0 else 1 end);
  end if;
  -- The clock has microseconds; a rate beyond that limits nothing.
  v_pause := greatest(v_connection.rate_seconds / v_connection.rate_limit * interval '1 second',
    case when v_connection.rate_limit is not null then interval '1 microsecond' end);
  v_burst := greatest(floor(v_connection.rate_limit / v_connection.rate_seconds), 1);
  v_from := greatest(v_clock.next_at, p_now);
  v_allowed := floor(v_burst - extract(epoch from v_from - p_now) / extract(epoch from v_pause) + 0.000001);

  with message as materialized (
    select m.message_id, m.execution_id, m.step_id, m.part, coalesce(m.batch, m.message_id::text) as unit, t.execution_id is not null as has_turn,
      row_number() over (order by t.turn_at, m.priority, m.message_id) as place,
      -- While others wait for their turn, who has none does not pass them.
      t.turn_at is not null or v_clock.last_turn_at <= p_now as may_go
    from jsonb_to_recordset(p_given) as m (message_id bigint, execution_id uuid, step_id text, part integer, priority integer, batch text)
    left join pgwhen.connection_turns t on t.execution_id = m.execution_id and t.step_id = m.step_id and t.part = m.part
      and t.tenant = p_tenant and t.name = p_name
  ), unit as materialized (
    select m.unit, min(m.place) as place, bool_or(m.has_turn) as has_turn, bool_or(m.may_go) as may_go, count(*) as size from message m group by m.unit
  ), fitting as materialized (
    select u.*, v_room is null or u.place <= v_room as fits,
      sum(u.size) over (partition by v_room is null or u.place <= v_room, u.may_go order by u.place) - u.size as before
    from unit u
  ), judged as materialized (
    select f.*, f.fits and (v_pause is null or f.may_go and f.before < v_allowed) as passes
    from fitting f
  ), used as materialized (
    select coalesce(sum(j.size), 0) as count from judged j where j.passes
  ), late as materialized (
    -- Beyond the rate: who has a turn that has come waits for the clock, who has none gets the next one.
    select j.unit, j.has_turn, sum(j.size) over (partition by j.has_turn order by j.place) - j.size + 1 as turn, j.size,
      v_from + (u.count - v_burst) * v_pause as clock
    from judged j
    cross join used u
    where j.fits and not j.passes
  ), turn as materialized (
    select m.message_id, m.execution_id, m.step_id, m.part, l.has_turn, l.size, case when l.has_turn then l.clock
      else greatest(v_clock.last_turn_at, l.clock + (select coalesce(sum(h.size), 0) from late h where h.has_turn) * v_pause) end + l.turn * v_pause as turn_at
    from late l
    join message m on m.unit = l.unit
  ), given_turns as (
    insert into pgwhen.connection_turns (execution_id, turn_at, part, tenant, name, step_id)
    select t.execution_id, t.turn_at, t.part, p_tenant, p_name, t.step_id from turn t
    on conflict (execution_id, step_id, part) do update
    set turn_at = excluded.turn_at, tenant = excluded.tenant, name = excluded.name
  ), used_turns as (
    delete from pgwhen.connection_turns t using judged j join message m on m.unit = j.unit
    where j.passes and m.has_turn and t.execution_id = m.execution_id and t.step_id = m.step_id and t.part = m.part
  ), slots as (
    insert into pgwhen.connection_slots (message_id, is_probe, tenant, name)
    select m.message_id, v_is_half_open, p_tenant, p_name from judged j join message m on m.unit = j.unit
    where j.passes and (v_is_half_open or v_connection.concurrency is not null)
    on conflict (message_id) do update set is_probe = excluded.is_probe, tenant = excluded.tenant, name = excluded.name
  ), clock as (
    update pgwhen.connection_clocks c
    set next_at = v_from + (select u.count from used u) * v_pause,
      last_turn_at = greatest(c.last_turn_at, (select max(t.turn_at + (t.size - 1) * v_pause) from turn t where not t.has_turn))
    where c.tenant = p_tenant and c.name = p_name and v_pause is not null
  ), kept_back as (
    select t.message_id, t.turn_at as until, format('connection %s: its rate of %s in %s s is used up; it is its turn at %s', p_name,
      v_connection.rate_limit, v_connection.rate_seconds, pgwhen._when(t.turn_at)) as reason
    from turn t
    union all
    select m.message_id,
      p_now + least(case when v_is_half_open then 5.0 else ceil((j.place - greatest(v_room, 0))::numeric / v_connection.concurrency) end, 60)
        * (0.75 + pgwhen._chance(j.unit) * 0.5) * interval '1 second',
      case when v_is_half_open then format('connection %s: circuit breaker half-open; one message tries it', p_name)
        else format('connection %s has %s messages on their way, the most that it may', p_name, v_connection.concurrency) end
    from judged j
    join message m on m.unit = j.unit
    where not j.fits
  )
  select jsonb_object_agg(k.message_id, jsonb_build_object('verdict', 'deferred', 'until', k.until, 'reason', k.reason)) into v_result from kept_back k;
  return coalesce(v_result, '{}');
end
$$;
comment on function pgwhen._limit_connection(text, text, jsonb, timestamptz) is 'Which messages may not leave now by a connection with a rate, a limit at a time or an open circuit breaker: by message, {verdict, until, reason}.';
