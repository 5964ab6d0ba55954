-- What answers say of connections: throttled until a time, credentials refused, failing or well. The rows are locked in order, so that two
-- batches of reports never wait for each other. Failures of our own side (the poller stopped, or was lost) say nothing. Messages that
-- left in one call failed once.
create or replace function pgwhen._note_answers(p_answers jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_row record;
begin
  perform from pgwhen.connections c
  where c.name in (select a.value ->> 'connection' from jsonb_array_elements(p_answers) a)
    and c.tenant in (select t from jsonb_array_elements(p_answers) a cross join unnest(array[a.value ->> 'tenant', 'default']) t)
  order by c.tenant, c.name
  for no key update of c;
  for v_row in
    with answer as (
      select n.tenant, n.name, n.is_guarded, a.class, a.message, a.due_at, a.at, a.execution, a.step, a.batch,
        a.class in ('transient', 'uncertain') and coalesce(a.code, '') not in ('stopped', 'poller', 'lease_expired', 'secret', 'message') as is_failure,
        max(a.at) filter (where a.class = 'ok') over (partition by n.tenant, n.name) as well_at
      from jsonb_to_recordset(p_answers) as a (tenant text, connection text, class text, code text, message text, due_at timestamptz, at timestamptz,
        execution uuid, step text, batch uuid)
      cross join lateral (
        select c.tenant, c.name, c.origin = 'defined' or c.channel in ('email', 'sms', 'push', 'chat') as is_guarded
        from pgwhen.connections c
        where c.name = a.connection and c.tenant in (a.tenant, 'default')
        order by c.tenant = a.tenant desc limit 1) n
    )
    select a.tenant, a.name, a.is_guarded, max(a.due_at) filter (where a.class = 'throttled') as throttled_until,
      bool_or(a.class = 'auth') as is_refused, max(a.message) filter (where a.class = 'auth') as refusal, bool_or(a.class = 'ok') as is_well,
      (count(distinct coalesce(a.batch::text, a.execution || ' ' || a.step)) filter (where a.is_failure and (a.well_at is null or a.at > a.well_at)))::integer as failures,
      (array_agg(jsonb_build_object('execution', a.execution, 'step', a.step, 'message', a.message) order by a.is_failure desc, a.at desc))[1] as latest
    from answer a
    group by a.tenant, a.name, a.is_guarded
    order by a.tenant, a.name
  loop
    if v_row.throttled_until is not null then
      perform pgwhen._mark_connection(v_row.tenant, v_row.name, 'throttled', v_row.throttled_until, null, p_now);
    end if;
    if v_row.is_refused then
      perform pgwhen._mark_connection(v_row.tenant, v_row.name, 'auth', null, v_row.refusal, p_now);
    end if;
    if v_row.is_guarded and (v_row.is_well or v_row.failures > 0) then
      perform pgwhen._turn_breaker(v_row.tenant, v_row.name, v_row.is_well, v_row.failures, v_row.latest, p_now);
    end if;
  end loop;
end
$$;
comment on function pgwhen._note_answers(jsonb, timestamptz) is 'Notes of connections what answers say: {tenant, connection, class, code, message, due_at, at, execution, step, batch} each.';
