-- The rows of a page that would start the workflow now, in key order. becomes asks about the row as it is; what if and suppress_if
-- read is read as it is. An insert has no row before, so a trigger that wants one gets an update without.
create or replace function pgwhen._backfill_rows(p_attachment pgwhen.attachments, p_triggers pgwhen.triggers[], p_compiled jsonb,
  p_rows jsonb[], p_where jsonb)
returns table (n integer, key jsonb, record jsonb, operation text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with row as materialized (
    select r.n::integer as n, r.record, (select jsonb_object_agg(k, r.record -> k) from unnest(p_attachment.key_columns) k) as key
    from unnest(p_rows) with ordinality r (record, n)
    where (p_where is null or pgwhen._holds(p_where, r.record) is true)
      and exists (select from unnest(p_triggers) t where t.becomes is null or pgwhen._holds(t.becomes, r.record) is true)
  ), asked as (
    select array_agg(jsonb_build_object('attachment_id', p_attachment.attachment_id, 'key', r.key, 'new', r.record,
        'operation', 'insert', 'type', p_attachment.table_name || '.created', 'occurred_at', pgwhen._now(), 'depth', 0) order by r.n) as events,
      array_agg(p_triggers[1].workflow_id order by r.n) as workflow_ids, array_agg(p_triggers[1].version order by r.n) as versions,
      array_agg(r.n order by r.n) as ns
    from row r
    where coalesce(p_compiled -> 'suppress_if', 'null') <> 'null'
      or exists (select from unnest(p_triggers) t where t.condition is not null)
  ), context as materialized (
    select a.ns[c.ordinal] as n, c.context
    from asked a
    cross join lateral pgwhen._trigger_contexts(a.events, a.workflow_ids, a.versions) c
    where a.events is not null
  )
  select r.n, r.key, r.record, t.operation
  from row r
  left join context c on c.n = r.n
  cross join lateral (
    select case when 'insert' = any (t.operations) then 'insert' else 'update' end as operation
    from unnest(p_triggers) t
    where (t.becomes is null or pgwhen._holds(t.becomes, r.record) is true)
      and (t.condition is null or pgwhen._holds(t.condition, c.context) is true)
    order by t.trigger_no
    limit 1) t
  where coalesce(p_compiled -> 'suppress_if', 'null') = 'null' or pgwhen._holds(p_compiled -> 'suppress_if', c.context) is not true
$$;
comment on function pgwhen._backfill_rows(pgwhen.attachments, pgwhen.triggers[], jsonb, jsonb[], jsonb) is 'Rows that match a workflow now.';
