-- From a batch of events to executions in one statement: what each event is, which triggers its keys select, which of those
-- hold, who starts. The events are written last, once, with what came of them; an event that is there already is a unique violation
-- (on conflict would cost each row a look-up and a second WAL record). Set-based: a workflow that operation, column
-- or indexed equality excludes is never looked at, because trigger_keys is entered by the event's own keys.
--
-- A condition that needs nothing but the event gets the event's own roots; one that reads the record, and suppress_if, wait for
-- the contexts of all of them, read at once.
--
-- An operator's replay or backfill is a message with a request: it starts what is active when it was asked for, of one workflow if
-- it names one; the event keeps the time at which it occurred.
create or replace function pgwhen._match_events(p_messages pgwhen.event_message[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set enable_hashjoin = on
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_roots pgwhen.step_ref[];
begin
  -- An operand of a condition that cannot be computed is unknown here (_refuse_value); in the steps that follow it is an error.
  perform set_config('pgwhen.value_errors', 'unknown', true);
  with incoming as materialized (
    select m.event_id, coalesce((e.request ->> 'occurred_at')::timestamptz, m.occurred_at) as occurred_at, m.occurred_at as asked_at, e.request, e.operation, e.attachment as attachment_id, e.type, e.new, e.old, e.input, e.actor, e.cause,
      e.workflow_id, e.pairing, e.capture_error,
      coalesce(a.tenant, e.tenant, 'default') as tenant,
      coalesce(e.type, a.table_name || '.' || case e.operation when 'insert' then 'created' when 'update' then 'updated'
        when 'delete' then 'deleted' when 'truncate' then 'truncated' end, 'unknown') as event_type,
      coalesce((e.cause ->> 'depth')::integer, 0) as depth,
      case when e.operation = 'update' then pgwhen._changed_columns(e.old, e.new) end as changed,
      case cardinality(a.key_columns) when 0 then null when 1 then jsonb_build_object(a.key_columns[1], coalesce(e.new, e.old) -> a.key_columns[1])
        else (select jsonb_object_agg(k, coalesce(e.new, e.old) -> k) from unnest(a.key_columns) k) end as key
    from unnest(p_messages) m
    cross join lateral jsonb_to_record(m.message) as e (operation text, attachment integer, type text, tenant text, workflow_id integer,
      new jsonb, old jsonb, input jsonb, actor text, cause jsonb, pairing text, capture_error text, request jsonb)
    left join pgwhen.attachments a on a.attachment_id = e.attachment
  ), keys as materialized (
    select i.event_id, i.asked_at, unnest(array[
        i.operation || ':' || i.attachment_id,
        case i.operation when 'event' then 'event:' || i.tenant || ':' || i.type when 'manual' then 'manual:' || i.workflow_id end]
      || case when i.changed is not null then array(select 'update:' || i.attachment_id || ':changed:' || c from unnest(i.changed) c) end
      || array(
        select i.operation || ':' || i.attachment_id || ':' || m.column_name || '=' || (coalesce(i.new, i.old) ->> m.column_name)
        from pgwhen.match_columns m where m.attachment_id = i.attachment_id and m.operation = i.operation)) as match_key
    from incoming i
  ), known as materialized (
    -- What a batch shares is looked up once: the events of a bulk insert have one key. Each table is entered by its own key, whatever its
    -- size was when this was planned.
    select k.match_key, g.workflow_id, g.trigger_no, g.version, d.tenant, d.workflow, d.columns, d.becomes, d.condition, d.needs_record,
      pgwhen._asks_only_new(d.condition) as asks_only_new, d.roots, d.compiled -> 'vars' as vars, nullif(nullif(d.compiled -> 'inputs', 'null'), '{}') as inputs,
      nullif(d.compiled -> 'suppress_if', 'null') as suppress_if, coalesce((d.compiled ->> 'priority')::smallint, 2) as priority,
      a.status as activation, a.from_at, a.until_at
    from (select distinct k.match_key from keys k where k.match_key is not null) k
    cross join lateral (select g.workflow_id, g.trigger_no, g.version from pgwhen.trigger_keys g where g.match_key = k.match_key offset 0) g
    cross join lateral (
      select w.tenant, w.workflow, t.columns, t.becomes, t.condition, t.needs_record, v.roots, v.compiled
      from pgwhen.workflows w
      join pgwhen.triggers t on t.workflow_id = g.workflow_id and t.version = g.version and t.trigger_no = g.trigger_no
      join pgwhen.versions v on v.workflow_id = g.workflow_id and v.version = g.version
      where w.workflow_id = g.workflow_id
      offset 0) d
    cross join lateral (
      select a.status, a.from_at, coalesce(a.until_at, 'infinity') as until_at from pgwhen.activations a where a.workflow_id = g.workflow_id
      offset 0) a
  ), candidate as materialized (
    select distinct on (k.event_id, t.workflow_id, t.trigger_no) k.event_id, t.*
    from keys k
    join known t on t.match_key = k.match_key and t.from_at <= k.asked_at and t.until_at > k.asked_at
    order by k.event_id, t.workflow_id, t.trigger_no
  ), matching as materialized (
    select c.event_id, c.workflow_id, c.workflow, c.trigger_no, c.version, c.priority, c.roots, c.inputs, c.suppress_if, case when c.needs_record then c.condition end as record_condition,
      case when c.needs_record or c.suppress_if is not null then to_jsonb(i) end as event, c.activation, i.asked_at, i.tenant, i.attachment_id, i.depth, i.cause, i.key, i.input
    from candidate c
    join incoming i on i.event_id = c.event_id and i.tenant = c.tenant and coalesce(c.workflow_id = (i.request ->> 'workflow_id')::integer, true)
    where case
        when c.columns is not null and i.operation = 'update' and not c.columns && i.changed then false
        when c.becomes is not null and not coalesce(pgwhen._holds(c.becomes, i.new)
          and (i.old is null or pgwhen._holds(c.becomes, i.old) is not true), false) then false
        when c.condition is null or c.needs_record then true
        when c.asks_only_new then pgwhen._holds(c.condition, jsonb_build_object('new', i.new)) is true
        else pgwhen._holds(c.condition, jsonb_build_object('v', 1, 'new', i.new, 'old', i.old, 'changed', i.changed,
          'input', case when i.input is not null then pgwhen._with_defaults(c.inputs, i.input) end,
          'vars', c.vars, 'now', v_now, 'event', jsonb_build_object('id', i.event_id, 'operation', i.operation,
          'type', i.event_type, 'occurred_at', i.occurred_at, 'actor', i.actor, 'depth', i.depth))) is true
      end
  ), reading as (
    select array_agg(m.event) as events, array_agg(m.event_id) as event_ids, array_agg(m.workflow_id) as workflow_ids,
      array_agg(m.trigger_no) as trigger_nos, array_agg(m.version) as versions
    from matching m
    where m.event is not null
  ), read as materialized (
    select r.event_ids[c.ordinal] as event_id, r.workflow_ids[c.ordinal] as workflow_id, r.trigger_nos[c.ordinal] as trigger_no, c.context
    from reading r cross join lateral pgwhen._trigger_contexts(r.events, r.workflow_ids, r.versions) c
    where r.events is not null
  ), decided as materialized (
    select distinct on (m.event_id, m.workflow_id) m.event_id, m.workflow_id, m.workflow, m.trigger_no, m.version, m.priority, m.roots, m.tenant, m.attachment_id,
      m.depth, m.key, pgwhen._execution_id(m.workflow_id, 'event:' || m.event_id, m.asked_at) as execution_id,
      case
        when m.activation = 'paused' then 'paused'
        when m.depth > 0 and m.depth > (select pgwhen._setting('max_depth', 8)) then 'depth'
        when m.cause is not null and pgwhen._is_reentry(m.cause, m.workflow_id, m.attachment_id, m.key) then 'reentry'
        when m.inputs is not null and m.input is not null and pgwhen._input_problem(m.inputs, m.input) is not null then 'input'
        when m.suppress_if is not null and pgwhen._holds(m.suppress_if, r.context) is true then 'suppressed'
      end as skipped,
      case
        when m.inputs is not null and m.input is not null then pgwhen._input_problem(m.inputs, m.input)
      end as problem
    from matching m
    left join read r on r.event_id = m.event_id and r.workflow_id = m.workflow_id and r.trigger_no = m.trigger_no
    where m.record_condition is null or pgwhen._holds(m.record_condition, r.context) is true
    order by m.event_id, m.workflow_id, m.trigger_no
  ), started as (
    insert into pgwhen.executions (execution_id, event_id, started_at, workflow_id, version, trigger_no, attachment_id, depth,
      priority, tenant, status, record_key)
    select d.execution_id, d.event_id, v_now, d.workflow_id, d.version,
      d.trigger_no, d.attachment_id, d.depth, d.priority, d.tenant, 'running', d.key
    from decided d
    where d.skipped is null
  ), opened as (
    insert into pgwhen.unfinished (execution_id, workflow_id, version)
    select d.execution_id, d.workflow_id, d.version from decided d where d.skipped is null
  ), recorded as (
    insert into pgwhen.events (event_id, occurred_at, dispatched_at, attachment_id, depth, start_count, tenant, operation, type,
      actor, key, new, old, changed, input, cause, notes)
    select i.event_id, i.occurred_at, v_now, i.attachment_id, i.depth, coalesce(k.start_count, 0), i.tenant,
      coalesce(i.operation, 'unknown'), i.event_type, i.actor, i.key, i.new, i.old, i.changed, i.input, i.cause,
      case when k.skipped is not null or i.pairing is not null or i.capture_error is not null or i.request is not null then
        jsonb_strip_nulls(jsonb_build_object('skipped', k.skipped, 'pairing', i.pairing, 'capture_error', i.capture_error,
          'request', i.request || jsonb_build_object('at', i.asked_at))) end
    from incoming i
    left join (
      select d.event_id, count(*) filter (where d.skipped is null) as start_count,
        jsonb_agg(jsonb_strip_nulls(jsonb_build_object('workflow', d.workflow, 'version', d.version,
          'reason', d.skipped, 'detail', coalesce(d.problem, pgwhen._skip_text(d.skipped, (select pgwhen._setting('max_depth', 8)))))) order by d.workflow)
          filter (where d.skipped is not null) as skipped
      from decided d
      group by d.event_id
    ) k on k.event_id = i.event_id
  )
  select array_agg((d.execution_id, r.step_id)::pgwhen.step_ref) into v_roots
  from decided d
  cross join lateral unnest(d.roots) r (step_id)
  where d.skipped is null;
  perform set_config('pgwhen.value_errors', '', true);
  return v_roots;
end
$$;
comment on function pgwhen._match_events(pgwhen.event_message[]) is 'Matches events to triggers, creates executions and records the events; returns the steps to start.';
