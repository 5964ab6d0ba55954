-- What a person can be known by goes; what stays is that something happened: ids, times, states, codes. The events say that they were
-- forgotten, so that nobody replays or retries what has no contents.
create or replace function pgwhen._erase_record(p_attachment_ids integer[], p_key jsonb, p_event_ids uuid[], p_execution_ids uuid[],
  p_message_ids bigint[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
begin
  delete from pgmq.q_pgwhen_events q using unnest(p_message_ids) i where q.msg_id = i;
  delete from pgwhen.watched_events w using unnest(p_event_ids) i where w.event_id = i;
  delete from pgwhen.arrivals a using unnest(p_event_ids) i where a.event_id = i;
  delete from pgwhen.backfills b where b.attachment_id = any (p_attachment_ids) and b.key = p_key;
  update pgwhen.start_keys k
  set key = 'forgotten ' || k.event_id
  from unnest(p_event_ids) i
  where k.event_id = i;
  update pgwhen.events e
  set key = null, new = null, old = null, changed = null, input = null, actor = null, error = pgwhen._bare_error(e.error),
    notes = jsonb_build_object('forgotten', v_now)
  from unnest(p_event_ids) i
  where e.event_id = i;
  update pgwhen.executions x
  set record_key = null, item = null, input = null, concurrency_key = null, reason = 'forgotten', error = pgwhen._bare_error(x.error)
  from unnest(p_execution_ids) i
  where x.execution_id = i;
  perform pgwhen._forget_deliveries(p_execution_ids);
  update pgwhen.execution_steps s
  set output = null, reason = null, error = pgwhen._bare_error(s.error)
  from unnest(p_execution_ids) i
  where s.execution_id = i;
  update pgwhen.frozen_messages m
  set recipients = '{}', message = '{}'
  from unnest(p_execution_ids) i
  where m.execution_id = i;
  update pgwhen.attempts a
  set provider_message_id = null, answer = null, error = pgwhen._bare_error(a.error)
  from unnest(p_execution_ids) i
  where a.execution_id = i;
  delete from pgwhen.documents d using unnest(p_execution_ids) i where d.execution_id = i;
  delete from pgwhen.recipient_sends r using unnest(p_execution_ids) i where r.execution_id = i;
  update pgwhen.logs l
  set message = 'forgotten', data = null
  from unnest(p_execution_ids) i
  where l.execution_id = i;
  update pgwhen.approvers v
  set comment = null, form = null, withdrawn_because = null
  from unnest(p_execution_ids) i
  join pgwhen.approval_requests r on r.execution_id = i
  where v.approval_id = r.approval_id;
  update pgwhen.approval_requests r
  set requester = null
  from unnest(p_execution_ids) i
  where r.execution_id = i;
  update pgwhen.digests d
  set recipient = 'forgotten ' || d.digest_id
  from unnest(p_execution_ids) i
  join pgwhen.notifications n on n.execution_id = i
  where d.digest_id = n.digest_id;
  delete from pgwhen.digest_items t using unnest(p_execution_ids) i where t.execution_id = i;
  update pgwhen.notifications n
  set recipient = 'forgotten', addresses = '{}'
  from unnest(p_execution_ids) i
  where n.execution_id = i;
  update pgwhen.audit_log u
  set reason = null, detail = '{}'
  from (select i::text as target from unnest(p_event_ids || p_execution_ids) i) t
  where u.target = t.target and u.tenant = pgwhen._tenant();
  -- The key wherever a detail holds it as an object, at any depth.
  update pgwhen.audit_log u
  set reason = null, detail = '{}'
  where u.tenant = pgwhen._tenant() and u.detail <> '{}' and exists (
    select from jsonb_path_query(u.detail, 'strict $.**') d (part) where jsonb_typeof(d.part) = 'object' and d.part @> p_key);
end
$$;
comment on function pgwhen._erase_record(integer[], jsonb, uuid[], uuid[], bigint[]) is 'Erases what events, executions and what belongs to them hold.';
