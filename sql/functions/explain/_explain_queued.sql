-- The id of an event ends in the number of its message, so that an event is found before it is dispatched.
create or replace function pgwhen._explain_queued(p_event_id uuid) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_message_id bigint := ('x0' || right(replace(p_event_id::text, '-', ''), 15))::bit(64)::bigint;
  v_result record;
  v_seen timestamptz := (select max(p.seen_at) from pgwhen.pollers p);
  v_text text;
begin
  select q.msg_id, q.enqueued_at, q.vt, q.message, a.schema_name, a.table_name, a.attachment_id,
    coalesce(a.tenant, q.message ->> 'tenant', 'default') as tenant,
    (select count(*) from pgmq.q_pgwhen_events b where b.msg_id < q.msg_id) as before
  into v_result
  from pgmq.q_pgwhen_events q
  left join pgwhen.attachments a on a.attachment_id = (q.message ->> 'attachment')::integer
  where q.msg_id = v_message_id;
  if v_result.msg_id is null or v_result.tenant <> pgwhen._tenant()
    or pgwhen._event_id(v_result.enqueued_at, v_result.msg_id) <> p_event_id then
    return null;
  end if;
  v_text := format('it waits in the queue since %s, %s before it%s', pgwhen._when(v_result.enqueued_at), v_result.before, case
    when v_seen is null then '; no poller has ever called: run pgwhen poll or pgwhen tick'
    when v_seen < pgwhen._now() - interval '1 minute' then format('; no poller has called since %s: run pgwhen poll or pgwhen tick', pgwhen._when(v_seen))
    else '' end);
  return jsonb_build_object(
    'event_id', p_event_id, 'state', 'queued',
    'type', coalesce(v_result.message ->> 'type', v_result.table_name || '.' || pgwhen._operation_words(array[v_result.message ->> 'operation'])),
    'table', v_result.schema_name || '.' || v_result.table_name, 'operation', v_result.message ->> 'operation',
    'occurred_at', v_result.enqueued_at, 'dispatched_at', null, 'actor', v_result.message ->> 'actor', 'workflows', '[]'::jsonb,
    'before', v_result.before,
    'lines', jsonb_build_array(format('event %s has not been matched yet: %s', p_event_id, v_text)));
end
$$;
comment on function pgwhen._explain_queued(uuid) is 'Explains an event that is still in the queue; null if it is not there.';
