create or replace function pgwhen.explain_record(p_table regclass, p_key jsonb) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
declare
  v_attachment pgwhen.attachments;
  v_name text := (select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_table);
  v_key jsonb;
  v_events jsonb;
  v_queued integer;
  v_lines text[];
begin
  select a.* into v_attachment
  from pgwhen.attachments a
  where a.tenant = pgwhen._tenant()
    and (
      format('%I.%I', a.schema_name, a.table_name) = v_name
      or exists (
        select from pg_trigger t
        where t.tgrelid = p_table and t.tgfoid = 'pgwhen.capture_truncate()'::regprocedure
          and pgwhen._trigger_attachment(t.tgargs) = a.attachment_id::text))
  order by a.detached_at desc nulls first
  limit 1;
  if v_attachment.attachment_id is null then
    return jsonb_build_object('table', v_name, 'key', p_key, 'state', 'not attached', 'events', '[]'::jsonb,
      'lines', jsonb_build_array(format('%s is not attached, so that its changes are not seen: select pgwhen.attach(%L)', v_name, v_name)));
  end if;

  v_key := pgwhen._record_key(p_table, v_attachment.key_columns, p_key);
  select coalesce(jsonb_agg(pgwhen._explain_event(e) order by e.event_id desc), '[]') into v_events
  from (
    select * from pgwhen.events e
    where e.attachment_id = v_attachment.attachment_id and e.key = v_key
    order by e.event_id desc
    limit 5
  ) e;
  select count(*)::integer into v_queued from pgmq.q_pgwhen_events q
  where (q.message ->> 'attachment')::integer = v_attachment.attachment_id
    and (q.message -> 'new' @> v_key or q.message -> 'old' @> v_key);

  v_lines := array[case
      when v_attachment.detached_at is not null
        then format('%s was detached at %s: changes since then are not seen', v_name, pgwhen._when(v_attachment.detached_at))
      else format('%s is attached since %s', v_name, pgwhen._when(v_attachment.attached_at))
    end]
    || case
      when v_attachment.detached_at is not null then null
      when v_attachment.operations = '{}' then 'no active workflow waits for its changes, so that none is recorded'
      else format('active workflows wait for rows that are %s; other changes are not recorded', pgwhen._operation_words(v_attachment.operations))
    end
    || case when v_queued > 0 then format('%s of its events wait in the queue to be matched', v_queued) end
    || case when v_events = '[]' and v_queued = 0 then format('there is no event of %s: it has not changed in such a way since, or the event started nothing and was removed after %s days',
        v_key, (select s.value from pgwhen.settings s where s.name = 'unstarted_event_days')) end;
  return jsonb_build_object(
    'table', v_name, 'key', v_key,
    'state', case when v_attachment.detached_at is null then 'attached' else 'detached' end,
    'attached_at', v_attachment.attached_at, 'detached_at', v_attachment.detached_at, 'alias', v_attachment.alias,
    'operations', v_attachment.operations, 'queued', v_queued, 'events', v_events,
    'workflows', pgwhen._explain_subscribers(v_attachment.attachment_id),
    'lines', array_remove(v_lines, null)
      || array(select format('workflow %s (%s): %s', w.entry ->> 'workflow', w.entry ->> 'status', w.entry ->> 'text')
        from jsonb_array_elements(pgwhen._explain_subscribers(v_attachment.attachment_id)) w (entry) where v_events = '[]')
      || array(select l.line from jsonb_array_elements(v_events) with ordinality e (entry, n)
        cross join jsonb_array_elements_text(e.entry -> 'lines') with ordinality l (line, n) order by e.n, l.n));
end
$$;
comment on function pgwhen.explain_record(regclass, jsonb) is 'Why the changes of a record did or did not start workflows.

p_key is the primary key''s value, or an object of its columns. Returns {table, key, state: attached | detached | not attached,
operations that are recorded, queued, workflows, events: its last five as explain_event has them, lines: all of it in sentences}.';
