-- Events of the record and of rows that point to it; the executions that they started or that were made for it, with their
-- children and the items of loops over its table; the events that those caused by starting, emitting or failing; and so on until nothing is
-- added. A row that one of them wrote is another record's, unless it points to this one. All weeks are looked at.
create or replace function pgwhen._find_record(p_table regclass, p_key jsonb, out attachment_ids integer[], out event_ids uuid[],
  out execution_ids uuid[], out message_ids bigint[])
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_variable
declare
  v_tenant text := pgwhen._tenant();
  v_name text[] := (select array[n.nspname, c.relname]::text[] from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_table);
  v_patterns jsonb;
  v_count integer;
begin
  attachment_ids := array(
    select a.attachment_id from pgwhen.attachments a
    where a.tenant = v_tenant
      and p_table = coalesce(pgwhen._attachment_relation(a.attachment_id), pgwhen._relation_named(a.schema_name, a.table_name)));
  v_patterns := (select jsonb_agg(to_jsonb(p)) from pgwhen._record_patterns(p_table, attachment_ids, p_key) p);

  event_ids := array(
    select e.event_id
    from jsonb_to_recordset(v_patterns) p (attachment_id integer, pattern jsonb)
    join pgwhen.events e on e.attachment_id = p.attachment_id
    where e.tenant = v_tenant and (e.new @> p.pattern or e.old @> p.pattern or e.key @> p.pattern)
    union
    -- What could not be read as an event kept its whole message.
    select e.event_id
    from pgwhen.events e
    join jsonb_to_recordset(v_patterns) p (attachment_id integer, pattern jsonb) on e.input -> 'attachment' = to_jsonb(p.attachment_id)
    where e.operation = 'unknown' and (e.input -> 'new' @> p.pattern or e.input -> 'old' @> p.pattern));
  execution_ids := array(
    select x.execution_id
    from pgwhen.executions x
    where x.tenant = v_tenant and x.attachment_id = any (attachment_ids) and x.record_key = p_key
    union
    select x.execution_id
    from pgwhen.executions x
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = x.body
    where x.tenant = v_tenant and x.item @> p_key and parse_ident(t.compiled -> 'table' ->> 'table') = v_name);
  loop
    v_count := cardinality(event_ids) + cardinality(execution_ids);
    execution_ids := array(
      with recursive family (execution_id) as (
        select i from unnest(execution_ids) i
        union
        select x.execution_id from unnest(event_ids) e (event_id) join pgwhen.executions x on x.event_id = e.event_id
        union
        select c.execution_id from family f join pgwhen.executions c on c.parent_execution_id = f.execution_id
      )
      select f.execution_id from family f order by f.execution_id);
    event_ids := array(
      select i from unnest(event_ids) i
      union
      select e.event_id
      from unnest(execution_ids) x (execution_id)
      join pgwhen.events e on e.cause ->> 'execution' = x.execution_id::text
      where e.tenant = v_tenant and e.operation in ('event', 'manual'));
    exit when v_count = cardinality(event_ids) + cardinality(execution_ids);
  end loop;

  message_ids := array(
    select q.msg_id
    from pgmq.q_pgwhen_events q
    join jsonb_to_recordset(v_patterns) p (attachment_id integer, pattern jsonb) on q.message -> 'attachment' = to_jsonb(p.attachment_id)
    where q.message -> 'new' @> p.pattern or q.message -> 'old' @> p.pattern
    union
    select q.msg_id
    from unnest(execution_ids) x (execution_id)
    join pgmq.q_pgwhen_events q on q.message -> 'cause' ->> 'execution' = x.execution_id::text
    where q.message ->> 'operation' in ('event', 'manual'));
end
$$;
comment on function pgwhen._find_record(regclass, jsonb) is 'Events, executions and waiting messages of the tenant that are about a record.';
