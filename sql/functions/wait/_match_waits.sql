-- Which waits the events of a batch may end. Nothing is judged and no execution is locked here: what came is left to the second
-- half of the tick (_take_handovers), or a later tick if somebody holds the execution. A table that no version watches costs a
-- probe of a small index for each event; an installation without waits, one probe for the batch. A replay or backfill (request) starts
-- executions; nobody has waited for it.
create or replace function pgwhen._match_waits(p_messages pgwhen.event_message[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  with incoming as (
    select m.event_id, m.message,
      case m.message ->> 'operation'
        when 'event' then format('event:%s:%s', coalesce(m.message ->> 'tenant', 'default'), m.message ->> 'type')
        else (m.message ->> 'operation') || ':' || (m.message ->> 'attachment') end as source
    from unnest(p_messages) m
    where not m.message ? 'request'
  ), watched as materialized (
    select i.event_id, i.source, k.key_column, k.type, e.attachment, e.new, e.old, e.input
    from incoming i
    join pgwhen.watch_keys k on k.source = i.source
    cross join lateral jsonb_to_record(i.message) as e (attachment integer, new jsonb, old jsonb, input jsonb)
  ), keyed as materialized (
    select distinct w.event_id, k.is_record, k.match_key
    from watched w
    cross join lateral (
      select false as is_record, pgwhen._watch_key(coalesce('row:' || w.attachment, w.source), w.key_column, w.type,
        coalesce(w.new, w.old, w.input) -> w.key_column) as match_key
      where w.key_column <> '*'
      union all
      -- A key that changed: the record is no longer found under the old one.
      select true, pgwhen._record_watch_key(w.attachment, (select jsonb_object_agg(c, r.version -> c) from unnest(a.key_columns) c))
      from pgwhen.attachments a
      cross join (values (w.new), (w.old)) r (version)
      where w.key_column = '*' and a.attachment_id = w.attachment and r.version is not null) k
    where k.match_key is not null
    union
    -- Nothing to keep: a wait reads what providers told where it is written (_judge_deliveries).
    select i.event_id, true, format('delivery:%s:%s', i.message #>> '{input,execution_id}', i.message #>> '{input,step_id}')
    from incoming i
    where i.source like 'event:%:message.%' and i.message #>> '{input,execution_id}' is not null
      and exists (select from pgwhen.watch_keys k where k.source = 'delivery')
  ), kept as (
    insert into pgwhen.watched_events (match_key, event_id)
    select k.match_key, k.event_id from keyed k where not k.is_record
    on conflict do nothing
  ), found as materialized (
    select k.event_id, k.is_record, w.execution_id, w.step_id, w.purpose
    from keyed k
    cross join lateral (select * from pgwhen.waits w where w.match_key = k.match_key offset 0) w
  ), came as (
    insert into pgwhen.arrivals (execution_id, event_id, step_id)
    select f.execution_id, f.event_id, f.step_id from found f where not f.is_record
    on conflict do nothing
  )
  -- What may end an execution goes before what goes on with it.
  insert into pgwhen.handovers (execution_id, step_id, purpose)
  select f.execution_id, f.step_id, f.purpose
  from (select distinct o.execution_id, o.step_id, o.purpose from found o) f
  order by f.purpose = 'wait', f.execution_id, f.step_id;
end
$$;
comment on function pgwhen._match_waits(pgwhen.event_message[]) is 'Leaves to the tick what the events of a batch mean to executions that wait.';
