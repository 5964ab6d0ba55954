-- Committed before the first byte leaves: from here on the same bytes leave each time, and a poller that dies leaves the
-- attempt uncertain, not forgotten. Whether a message may leave is decided here, because only now its connection and
-- recipients are known. A lease that has run out gives lost: another poller may have the action already. Asked again for the same
-- attempt, because the answer was lost on the way, it answers again: only the holder of the attempt can ask, and it waits for this.
-- A message is seldom frozen already, so it is inserted without a look (on conflict would cost each row one, and a second WAL
-- record); where it is, that is a unique violation, and all is done once more by what is stored.
--
-- Who has nothing suppressed, capped, limited and no window pays for a look at each of these and no more. What has a batch is what
-- leaves: the rest of what the poller had put into one goes by itself later.
create or replace function pgwhen.freeze_actions(p_messages jsonb) returns json
language plpgsql security definer
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
  v_now timestamptz := pgwhen._clock();
  v_switched boolean := exists (select from pgwhen.kill_switches);
  v_limited boolean := exists (select from pgwhen.suppressions)
    or exists (select from pgwhen.connections c where c.rate_limit is not null or c.concurrency is not null or c.opened_until is not null)
    or exists (select from pgwhen.settings s where s.name = 'recipient_caps')
    or exists (select from pgwhen.steps t where t.compiled ? 'window')
    or exists (select from pgwhen.recipients r where r.quiet_from is not null);
  v_is_known boolean := false;
  v_verdicts json;
  v_parked jsonb;
  v_limits jsonb;
  v_stopped jsonb;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  if v_limited then
    v_limits := pgwhen._find_limits(p_messages, v_now);
  end if;
  loop
    begin
      with given as materialized (
        select m.* from jsonb_populate_recordset(null::pgwhen.frozen_message, p_messages) m
      ), found as materialized (
        select g.execution_id, g.step_id, g.generation, g.part, g.attempt, g.message_id, g.channel, g.recipients, g.message, g.batch_id,
          (g.extra ->> 'batch_place')::integer as batch_place, case when v_limits is not null then v_limits -> g.message_id::text end as limits,
          x.tenant, x.workflow_id, s.tries, coalesce(g.connection, f.connection) as connection,
          q.msg_id is null or s.step_id is null or x.execution_id is null as is_lost,
          f.message is not null as is_frozen, case when v_is_known or s.status = 'sending' then f.message end as frozen,
          nullif(coalesce(f.message, g.message) -> 'documents', 'null') as documents
        from given g
        left join pgmq.q_pgwhen_actions q on q.msg_id = g.message_id and q.vt > v_now
        left join pgwhen.execution_steps s on s.execution_id = g.execution_id and s.step_id = g.step_id and s.part = g.part
          and s.generation = g.generation and s.attempt = g.attempt and s.status in ('claimed', 'sending')
        left join pgwhen.executions x on x.execution_id = g.execution_id and x.status in ('pending', 'running', 'waiting')
        left join lateral (
          select f.connection, f.message from pgwhen.frozen_messages f
          where f.execution_id = case when v_is_known or g.connection is null or g.message is null or s.status = 'sending' then g.execution_id end
            and f.step_id = g.step_id and f.generation = g.generation and f.part = g.part
          offset 0) f on true
      ), connection as materialized (
        -- The tenant's own connection of that name, else the common one; of those that keep nothing back nothing need be known.
        select d.tenant, d.connection, n.status, n.reason, n.throttled_until
        from (select distinct f.tenant, f.connection from found f where f.connection is not null) d
        cross join lateral (
          select c.status, c.reason, c.throttled_until from pgwhen.connections c
          where c.name = d.connection and c.tenant in (d.tenant, 'default')
          order by c.tenant = d.tenant desc limit 1) n
        where n.status = 'paused' or n.throttled_until > v_now
      ), switch as materialized (
        select d.tenant, d.workflow_id, h.cause, h.reason
        from (select distinct f.tenant, f.workflow_id from found f where v_switched) d
        cross join lateral pgwhen._hold_cause(d.tenant, d.workflow_id) h
        where h.cause is not null
      ), judged as materialized (
        select f.execution_id, f.step_id, f.generation, f.part, f.attempt, f.message_id, f.channel, f.connection, f.batch_id, f.batch_place, f.tenant, f.tries,
          f.documents, f.is_frozen, f.frozen, f.limits, k.cause,
          case when f.limits ? 'without' then pgwhen._without_recipients(f.message, f.limits) else f.message end as message,
          case when f.limits ? 'without' then pgwhen._other_recipients(f.channel, f.recipients, f.limits) else f.recipients end as recipients,
          case when n.throttled_until is null then (f.limits ->> 'until')::timestamptz else n.throttled_until end as until,
          case when f.is_lost then 'lost' when k.cause is not null or n.status = 'paused' then 'held' when n.throttled_until is not null then 'deferred'
            when f.limits ? 'verdict' then f.limits ->> 'verdict' else 'send' end as verdict,
          case when k.cause is not null then k.reason when n.status = 'paused' then format('connection %s is paused: %s', f.connection, n.reason)
            when n.throttled_until is not null then format('connection %s is throttled until %s', f.connection, pgwhen._when(n.throttled_until))
            when f.limits is not null then f.limits ->> 'reason' end as reason
        from found f
        left join connection n on n.tenant = f.tenant and n.connection = f.connection
        left join switch k on k.tenant = f.tenant and k.workflow_id = f.workflow_id
      ), frozen as (
        insert into pgwhen.frozen_messages (execution_id, frozen_at, generation, part, step_id, channel, connection, batch_id, batch_place, recipients, message)
        select j.execution_id, v_now, j.generation, j.part, j.step_id, j.channel, j.connection, case when j.verdict = 'send' then j.batch_id end,
          case when j.verdict = 'send' then j.batch_place end, coalesce(j.recipients, '{}'), j.message
        from judged j where j.message is not null and j.verdict <> 'lost' and not j.is_frozen
      ), step as (
        update pgwhen.execution_steps s
        set status = case j.verdict when 'send' then 'sending' when 'deferred' then 'sleeping' else 'held' end,
          started_at = v_now,
          reason = j.reason
        from judged j
        where j.verdict not in ('lost', 'suppressed') and s.execution_id = j.execution_id and s.step_id = j.step_id and s.part = j.part
      )
      select
        (select json_agg((j.execution_id, j.step_id, j.part, j.attempt, j.verdict, j.until, j.reason, case
             when j.verdict = 'send' and (j.limits is not null or j.frozen is not null or j.documents is not null) then
               pgwhen._verdict_extra(j.tenant, coalesce(j.frozen, case when j.limits ? 'without' then j.message end), j.documents)
             end)::pgwhen.freeze_verdict) from judged j),
        (select jsonb_agg(to_jsonb(j) - '{message,frozen}'::text[]) from judged j where j.verdict in ('deferred', 'held')),
        (select jsonb_agg(to_jsonb(j) - '{message,frozen}'::text[]) from judged j where j.verdict = 'suppressed')
      into v_verdicts, v_parked, v_stopped;
      exit;
    exception when unique_violation then
      if v_is_known then
        raise;
      end if;
      v_is_known := true;
    end;
  end loop;
  assert pgwhen._fail_point('freeze.frozen');
  if v_parked is not null then
    perform pgwhen._park_actions(v_parked, v_now);
  end if;
  if v_stopped is not null then
    perform pgwhen._settle_suppressed(v_stopped, v_now);
  end if;
  if p_messages @? '$[*].batch_id' then
    perform pgwhen._settle_batches(p_messages, v_verdicts::jsonb);
  end if;
  return coalesce(v_verdicts, '[]');
end
$$;
comment on function pgwhen.freeze_actions(jsonb) is 'Fixes what will be sent and says which of it may be: an array of frozen_message objects gives an array of freeze_verdict objects.
Call it in a transaction of its own before the first byte. A message that was frozen before is given without message. extra of a verdict may have
message (send this: recipients were left out) and documents (contents of stored documents by id, in base64).';
