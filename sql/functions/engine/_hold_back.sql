-- What a claim must not give out: actions that a kill switch concerns, and stale ones. They are held here, lazily, so that throwing
-- a switch is one row however long the queue is. Asked only while there is a switch, or a message five minutes old, which is the
-- shortest stale_after.
create or replace function pgwhen._hold_back(p_messages bigint[]) returns bigint[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_messages bigint[];
  v_causes text[];
  v_reasons text[];
begin
  select array_agg(j.msg_id), array_agg(j.cause), array_agg(j.reason)
  into v_messages, v_causes, v_reasons
  from (
    select q.msg_id, coalesce(k.cause, case when s.reason is not null then 'stale' end) as cause, coalesce(k.reason, s.reason) as reason
    from unnest(p_messages) i (msg_id)
    join pgmq.q_pgwhen_actions q on q.msg_id = i.msg_id
    join pgwhen.executions x on x.execution_id = (q.message ->> 'execution')::uuid
    join pgwhen.versions v on v.workflow_id = x.workflow_id and v.version = x.version
    left join lateral pgwhen._hold_cause(x.tenant, x.workflow_id) k on true
    left join lateral (select pgwhen._stale_reason(v.compiled, q.enqueued_at, v_now) as reason) s on true) j
  where j.cause is not null;
  if v_messages is null then
    return p_messages;
  end if;
  perform pgwhen._hold_messages(v_messages, v_causes, v_reasons);
  return array(select m from unnest(p_messages) m where m <> all (v_messages));
end
$$;
comment on function pgwhen._hold_back(bigint[]) is 'Holds those of the locked messages that may not be claimed now; returns the others.';
