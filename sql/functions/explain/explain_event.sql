create or replace function pgwhen.explain_event(p_event_id uuid) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_event pgwhen.events;
  v_queued jsonb;
begin
  select e.* into v_event from pgwhen.events e where e.event_id = p_event_id;
  if v_event.tenant = pgwhen._tenant() then
    return pgwhen._explain_event(v_event);
  end if;
  v_queued := pgwhen._explain_queued(p_event_id);
  if v_queued is not null then
    return v_queued;
  end if;
  raise exception using errcode = 'WF230', message = format('there is no event %s', p_event_id),
    detail = 'Events that started nothing are kept for some days (setting unstarted_event_days), events that nobody subscribed to are never recorded.',
    hint = 'pgwhen explain TABLE:KEY shows the events of a record.';
end
$$;
comment on function pgwhen.explain_event(uuid) is 'Why an event started what it started, and why nothing else.

Returns {event_id, state: queued | dispatched | failed, type, table, operation, occurred_at, key, changed, lines, workflows}.
lines says it in sentences. workflows has one entry for each workflow with a trigger for the event: {workflow, version,
started, skipped, reason, triggers: [{trigger, matches, reason, condition: {result, leaves}}], execution}. Conditions are
judged again with the event as it was; what they read from the record is read as it is now.';
