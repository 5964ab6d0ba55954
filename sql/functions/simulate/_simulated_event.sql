-- What a dry run is given, as an event: one of the past by its event_id; a record by table and key, read as workflows read; a
-- row as new and old; an application event by its type; or an input only, a manual start.
create or replace function pgwhen._simulated_event(p_workflow pgwhen.workflows, p_version integer, p_given jsonb) returns pgwhen.events
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_event pgwhen.events;
  v_table jsonb;
  v_attachment pgwhen.attachments;
  v_relation regclass;
  v_operations text[];
begin
  if p_given ? 'event_id' then
    select e.* into v_event from pgwhen.events e where e.event_id = (p_given ->> 'event_id')::uuid and e.tenant = p_workflow.tenant;
    if v_event.event_id is null then
      raise exception using errcode = 'WF230', message = format('there is no event %s', p_given ->> 'event_id'),
        detail = 'Events that started nothing are kept for some days (setting unstarted_event_days), those that wait in the queue are not events yet.',
        hint = 'pgwhen explain TABLE:KEY shows the events of a record.';
    end if;
    return v_event;
  end if;

  v_event.event_id := pgwhen._event_id(v_now, pg_backend_pid());
  v_event.occurred_at := v_now;
  v_event.dispatched_at := v_now;
  v_event.depth := 0;
  v_event.start_count := 1;
  v_event.tenant := p_workflow.tenant;
  v_event.status := 'dispatched';
  v_event.actor := coalesce(p_given ->> 'actor', pgwhen._actor());
  if p_given ? 'table' then
    v_table := pgwhen._find_table(p_given ->> 'table', p_workflow.tenant);
    if v_table ? 'problem' then
      raise exception using errcode = 'WF322', message = format('the event cannot be made: %s', v_table -> 'problem' ->> 'message'),
        hint = coalesce(v_table -> 'problem' ->> 'hint', 'Name an attached table.');
    end if;
    select a.* into v_attachment from pgwhen.attachments a where a.attachment_id = (v_table ->> 'attachment')::integer;
    v_relation := (v_table ->> 'relation')::oid::regclass;
    v_event.attachment_id := v_attachment.attachment_id;
    v_event.new := nullif(p_given -> 'new', 'null');
    v_event.old := nullif(p_given -> 'old', 'null');
    if p_given ? 'key' then
      v_event.key := pgwhen._record_key(v_relation, v_attachment.key_columns, p_given -> 'key');
      select r.record into v_event.new
      from pgwhen_sandbox.read_rows(v_relation, array(
          select a.attname from pg_attribute a
          where a.attrelid = v_relation and a.attnum > 0 and not a.attisdropped and a.attname <> all (v_attachment.excluded_columns)
          order by a.attnum), v_attachment.key_columns, array[v_event.key]) r;
      if v_event.new is null then
        raise exception using errcode = 'WF323', message = format('%s has no record %s', v_relation, v_event.key),
          hint = 'Give the key of a record that is there, or a row with --event FILE.';
      end if;
    else
      v_event.key := (select jsonb_object_agg(k, coalesce(v_event.new, v_event.old) -> k) from unnest(v_attachment.key_columns) k);
    end if;
    v_operations := array(
      select distinct o from pgwhen.triggers t cross join unnest(t.operations) o
      where t.workflow_id = p_workflow.workflow_id and t.version = p_version and t.attachment_id = v_attachment.attachment_id);
    v_event.operation := case
      when v_event.new is null and v_event.old is null then 'truncate'
      when v_event.new is null then 'delete'
      when v_event.old is not null then 'update'
      when 'insert' = any (v_operations) or v_operations = '{}' then 'insert'
      when 'update' = any (v_operations) then 'update'
      else v_operations[1] end;
    if v_event.operation = 'delete' then
      v_event.old := coalesce(v_event.old, v_event.new);
      v_event.new := null;
    end if;
    if v_event.operation = 'update' then
      -- Of a record alone nobody knows what changed: what the triggers ask for did.
      v_event.changed := case when v_event.old is not null then pgwhen._changed_columns(v_event.old, v_event.new) else coalesce((
        select array_agg(distinct c) from pgwhen.triggers t cross join unnest(t.columns) c
        where t.workflow_id = p_workflow.workflow_id and t.version = p_version), '{}') end;
    end if;
    v_event.type := format('%s.%s', v_attachment.table_name, pgwhen._operation_words(array[v_event.operation]));
  elsif p_given ? 'event' then
    v_event.operation := 'event';
    v_event.type := p_given ->> 'event';
    v_event.input := coalesce(p_given -> 'input', '{}');
  else
    v_event.operation := 'manual';
    v_event.type := 'start';
    v_event.input := coalesce(p_given -> 'input', '{}');
  end if;
  insert into pgwhen.events select v_event.*;
  return v_event;
end
$$;
comment on function pgwhen._simulated_event(pgwhen.workflows, integer, jsonb) is 'The event of a dry run: {event_id}, {table, key}, {table, new, old}, {event, input} or {input}.';
