-- Along the primary key: an id begins with the time of its event. Replays and backfills are left out, what they repeat is there
-- itself.
create or replace function pgwhen._matching_events(p_since timestamptz, p_until timestamptz, p_table text, p_workflow text, p_status text)
returns setof uuid
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_attachments integer[] := pgwhen._require_attachment(p_table);
begin
  if p_status is not null and p_status not in ('dispatched', 'failed') then
    raise exception using errcode = 'WF164', message = format('%s is not a state of events', quote_literal(p_status)),
      hint = 'The states are dispatched and failed (it could not be matched).';
  end if;
  perform pgwhen._require_workflow(p_workflow);
  return query
    select e.event_id
    from pgwhen.events e
    where e.tenant = v_tenant and coalesce(not e.notes ? 'request', true)
      and (p_since is null or e.event_id >= pgwhen._id_from(p_since)) and (p_until is null or e.event_id < pgwhen._id_from(p_until))
      and (p_table is null or e.attachment_id = any (v_attachments)
        or e.operation = 'unknown' and (e.input ->> 'attachment')::text = any (v_attachments::text[]))
      and (p_status is null or e.status = p_status)
      and (p_workflow is null or e.operation in ('unknown', 'manual') or exists (
        select from pgwhen.workflows w
        join pgwhen.triggers t on t.workflow_id = w.workflow_id and t.version = w.active_version
        where w.tenant = v_tenant and w.workflow = p_workflow and t.enabled
          and (t.attachment_id = e.attachment_id and e.operation = any (t.operations) or e.operation = 'event' and t.event_type = e.type)));
end
$$;
comment on function pgwhen._matching_events(timestamptz, timestamptz, text, text, text) is 'Events of the tenant that a filter means, in no order.';
