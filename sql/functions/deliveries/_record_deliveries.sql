-- The one place where what providers tell is written, whatever their form. Each event counts once, however often it is told. An event
-- belongs to an execution where our key came back and that message left by this connection: a tenant cannot speak of another's.
-- Rows are written in the order of their ids, so that two callbacks that overlap wait for each other and do not deadlock.
--
-- A gateway keeps its sessions for long: the settings are those of the engine's entry points (tick).
create or replace function pgwhen._record_deliveries(p_connection text, p_provider text, p_channel text, p_told jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_material = off
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_now constant timestamptz := pgwhen._clock();
  v_rows jsonb;
begin
  begin
    with told as materialized (
      select distinct on (left(e.value ->> 'id', 300)) e.value, left(e.value ->> 'id', 300) as id, e.value ->> 'key' as key,
        m.execution_id, m.step_id, m.generation, m.part
      from jsonb_array_elements(p_told) with ordinality e (value, n)
      left join lateral pgwhen._message_of(e.value ->> 'key') m on true
      order by left(e.value ->> 'id', 300), e.n
    ), ours as materialized (
      select distinct t.key, f.execution_id, f.step_id, f.generation, f.part, x.tenant
      from told t
      cross join lateral (
        select m.execution_id, m.step_id, m.generation, m.part from pgwhen.frozen_messages m
        where m.execution_id = t.execution_id and m.step_id = t.step_id and m.generation = t.generation and m.part = t.part
          and m.connection = p_connection
        offset 0) f
      cross join lateral (select e.tenant from pgwhen.executions e where e.execution_id = f.execution_id offset 0) x
      where x.tenant in (select pgwhen._sharing_tenants(v_tenant, p_connection))
    ), recorded as (
      insert into pgwhen.deliveries (received_at, at, execution_id, generation, part, tenant, connection_tenant, connection, provider,
        channel, provider_event_id, nonce, provider_message_id, step_id, status, event, address, detail)
      select v_now, least((t.value ->> 'at')::timestamptz, v_now), o.execution_id, o.generation, o.part, coalesce(o.tenant, v_tenant), v_tenant,
        p_connection, p_provider, p_channel, t.id, left(t.value ->> 'nonce', 300), left(t.value ->> 'message_id', 300), o.step_id,
        t.value ->> 'status', left(t.value ->> 'event', 100), left(t.value ->> 'address', 1000),
        coalesce(jsonb_strip_nulls(t.value -> 'detail'), '{}')
      from told t
      left join ours o on o.key = t.key
      order by t.id
      on conflict (connection_tenant, connection, provider_event_id) do nothing
      returning *
    )
    select jsonb_agg(to_jsonb(r) || jsonb_build_object('told', t.value) order by r.delivery_id) into v_rows
    from recorded r
    join told t on t.id = r.provider_event_id;
  exception
    when unique_violation then
      raise exception using errcode = 'WF463', message = format('the callback for connection %s was signed for one use, and has been used', p_connection),
        hint = 'A callback that comes again unchanged is taken; this one tells something else under the same signature.';
  end;
  if v_rows is not null then
    perform pgwhen._suppress_told(v_rows);
    perform pgwhen._tell_deliveries(v_rows);
  end if;
  return jsonb_build_object('accepted', true, 'recorded', coalesce(jsonb_array_length(v_rows), 0),
    'ignored', jsonb_array_length(p_told) - coalesce(jsonb_array_length(v_rows), 0));
end
$$;
comment on function pgwhen._record_deliveries(text, text, text, jsonb) is 'Writes what a provider told, with what follows from it: suppressions and events. Returns {accepted, recorded, ignored}.
p_told: [{id, nonce, message_id, key, status, event, address, at, detail, suppress, to, text}].';
