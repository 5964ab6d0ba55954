-- Written when something changes, not with every webhook: a first failure, the first success after failures, a receiver that asks for
-- patience, the end of ours. A
-- row that another report is changing at this moment is left to it. What was held because its endpoint is disabled says so, and waits for it,
-- not for a connection; who enables it in this moment finds it with doctor, or by enabling it again.
create or replace function pgwhen._note_endpoints(p_reports pgwhen.action_report[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_patience interval := make_interval(days => pgwhen._setting('endpoint_disable_days', 5));
  v_disabled record;
begin
  with waiting as materialized (
    select r.execution_id, r.step_id, r.part, r.generation, r.attempt, f.message ->> 'endpoint' as name, r.error ->> 'message' as reason
    from unnest(p_reports) r
    join pgwhen.frozen_messages f on f.execution_id = r.execution_id and f.step_id = r.step_id and f.generation = r.generation and f.part = r.part
    where r.extra -> 'endpoint' -> 'disabled' = 'true'
  ), put_aside as (
    update pgwhen.held h
    set connection = pgwhen._endpoint_connection(w.name), reason = w.reason
    from waiting w
    where h.execution_id = w.execution_id and h.step_id = w.step_id and h.part = w.part and h.generation = w.generation
    returning h.execution_id, h.step_id, h.part, w.reason
  )
  update pgwhen.execution_steps s
  set reason = a.reason
  from put_aside a
  where s.execution_id = a.execution_id and s.step_id = a.step_id and s.part = a.part and s.status = 'held';

  for v_disabled in
    with said as materialized (
      select x.tenant, f.message ->> 'endpoint' as name, bool_or((r.extra -> 'endpoint' -> 'ok')::boolean) as is_ok,
        bool_or(coalesce((r.extra -> 'endpoint' -> 'gone')::boolean, false)) as is_gone,
        v_now + max(least(r.retry_after_seconds, 86400)) filter (where r.class <> 'ok' and r.retry_after_seconds > 0) * interval '1 second' as pause,
        (array_agg(r.execution_id order by r.finished_at desc nulls last))[1] as execution_id,
        (array_agg(r.step_id order by r.finished_at desc nulls last))[1] as step_id,
        (array_agg(r.error ->> 'message' order by r.finished_at desc nulls last) filter (where r.error is not null))[1] as problem
      from unnest(p_reports) r
      join pgwhen.executions x on x.execution_id = r.execution_id
      join pgwhen.frozen_messages f on f.execution_id = r.execution_id and f.step_id = r.step_id and f.generation = r.generation and f.part = r.part
      where r.extra -> 'endpoint' ? 'ok'
      group by x.tenant, f.message ->> 'endpoint'
    ), changing as materialized (
      select e.tenant, e.name
      from said s
      join pgwhen.endpoints e on e.tenant = s.tenant and e.name = s.name
      where e.status = 'active' and (coalesce(s.pause > coalesce(e.throttled_until, v_now), false) or case when s.is_gone then true
        when s.is_ok then e.failing_since is not null else coalesce(e.failing_since <= v_now - v_patience, true) end)
      order by e.tenant, e.name
      for no key update of e skip locked
    ), judged as materialized (
      select s.*, s.is_gone or not s.is_ok and e.failing_since <= v_now - v_patience as ends
      from changing c
      join said s on s.tenant = c.tenant and s.name = c.name
      join pgwhen.endpoints e on e.tenant = c.tenant and e.name = c.name
    ), changed as (
      update pgwhen.endpoints e
      set failing_since = case when j.is_ok and not j.is_gone then null else coalesce(e.failing_since, v_now) end,
        throttled_until = greatest(e.throttled_until, j.pause), status = case when j.ends then 'disabled' else e.status end, disabled_at = case when j.ends then v_now end,
        reason = case when j.is_gone then 'the receiver answered 410: it wants no more webhooks'
          when j.ends then format('it has only failed since %s: %s', to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), j.problem) end,
        updated_at = v_now
      from judged j
      where e.tenant = j.tenant and e.name = j.name
      returning e.tenant, e.name, e.url, e.status, e.reason, e.failing_since, j.execution_id, j.step_id
    )
    select * from changed c where c.status = 'disabled'
  loop
    insert into pgwhen.logs (log_id, at, execution_id, level, tenant, step_id, message, data)
    values (pgwhen._log_id(v_now), v_now, v_disabled.execution_id, 'error', v_disabled.tenant, v_disabled.step_id,
      format('endpoint %s is disabled: %s', v_disabled.name, v_disabled.reason), jsonb_build_object('endpoint', v_disabled.name));
    -- By another way than the one that fails: whoever waits for this event can send an e-mail.
    perform pgwhen._enqueue_event(jsonb_build_object('v', 1, 'operation', 'event', 'type', 'endpoint.disabled', 'tenant', v_disabled.tenant,
      'actor', 'pgwhen', 'input', jsonb_build_object('endpoint', v_disabled.name, 'url', v_disabled.url, 'reason', v_disabled.reason,
        'failing_since', v_disabled.failing_since)), v_now);
  end loop;
end
$$;
comment on function pgwhen._note_endpoints(pgwhen.action_report[]) is 'Notes what endpoints of webhooks answered; disables one that is gone, or has only failed for endpoint_disable_days (5), and emits endpoint.disabled.
A report says extra.endpoint: {ok, gone} after an answer, {disabled: true} where nothing was sent.';
