-- A replay is an event of its own, which says what the old one said: the next tick matches it to the workflows that are active now,
-- in their active versions, and each replay starts what it starts once. So two replays start twice; with a key, an event is
-- replayed once under that key, and a replay of many that broke off can be called again.
create or replace function pgwhen.replay_events(p_event_ids uuid[], p_workflow text default null, p_reason text default null,
  p_key text default null)
returns table (event_id uuid, result text, replay_id uuid)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := pgwhen._clock();
  v_tenant text := pgwhen._tenant();
  v_workflow_id integer;
  v_event record;
begin
  perform pgwhen._require_events(p_event_ids);
  perform pgwhen._check_payload('{}', p_key);
  perform pgwhen._require_workflow(p_workflow);
  v_workflow_id := (select w.workflow_id from pgwhen.workflows w where w.tenant = v_tenant and w.workflow = p_workflow);
  for v_event in
    select i.event_id, e.operation, e.notes ? 'forgotten' as is_forgotten, pgwhen._replay_message(e, v_workflow_id) as message
    from (select distinct unnest(p_event_ids)) i (event_id)
    left join pgwhen.events e on e.event_id = i.event_id and e.tenant = v_tenant
    order by i.event_id
  loop
    event_id := v_event.event_id;
    replay_id := null;
    if v_event.operation is null then
      result := 'not found';
    elsif v_event.is_forgotten then
      result := 'its record was forgotten';
    elsif v_event.message is null then
      result := case v_event.operation when 'manual' then 'the workflow that it was to start is not known' else 'its message cannot be read' end;
    elsif p_key is not null and exists (
      select from pgwhen.start_keys k where k.source = 'replay:' || p_key || ':' || v_event.event_id and k.key = p_key
    ) then
      result := 'replayed before under this key';
    else
      replay_id := case when p_key is null then pgwhen._enqueue_event(v_event.message, v_now)
        else pgwhen._enqueue_once('replay:' || p_key || ':' || v_event.event_id, p_key, v_event.message) end;
      result := 'queued';
      perform pgwhen._audit('replay_events', array[v_event.event_id::text], p_reason,
        jsonb_strip_nulls(jsonb_build_object('workflow', p_workflow, 'key', p_key, 'replay', replay_id)));
    end if;
    return next;
  end loop;
end
$$;
comment on function pgwhen.replay_events(uuid[], text, text, text) is 'Starts again what events start, now: active workflows in their active versions, conditions judged on the event as it was, records read as they are now. The executions are there after the next tick.
A row for each event says queued, or why not; replay_id is the event that the replay is. p_workflow restricts it to one workflow; with p_key an event is replayed once under that key. An event that could not be matched is matched anew.';
