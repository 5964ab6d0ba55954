-- One page, one transaction: what it asks for is in the queue of events and remembered as asked for, or neither. So a backfill that
-- broke off is called again from the beginning or from where it was, and asks for nothing twice. Backfills of one workflow take
-- turns.
create or replace function pgwhen.backfill_workflow(p_workflow text, p_where jsonb default null, p_table text default null,
  p_after jsonb default null, p_max integer default 1000, p_limit integer default null, p_dry_run boolean default false,
  p_reason text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_target record;
  v_attachment pgwhen.attachments;
  v_where jsonb;
  v_columns text[];
  v_rows jsonb[];
  v_key jsonb;
  v_last integer;
  v_matched integer;
  v_before integer;
  v_started integer;
begin
  if p_max is null or p_max not between 1 and 10000 or p_limit < 0 then
    raise exception using errcode = 'WF152', message = format('a page is 1 to 10000 rows, not %s', coalesce(p_max::text, 'null')),
      hint = 'Leave p_max out for the default of 1000; p_limit is how many are started at most.';
  end if;
  select * into v_target from pgwhen._backfill_target(p_workflow, p_table);
  select a.* into v_attachment from pgwhen.attachments a where a.attachment_id = v_target.attachment_id;
  if p_where is not null then
    v_where := pgwhen._compile_filter(p_where, format('%s.%s', v_attachment.schema_name, v_attachment.table_name));
  end if;
  perform pg_advisory_xact_lock(hashtextextended('pgwhen.backfill:' || v_target.workflow_id, 0));

  v_columns := array(
    select a.attname from pg_attribute a
    where a.attrelid = v_target.relation and a.attnum > 0 and not a.attisdropped and a.attname <> all (v_attachment.excluded_columns)
    order by a.attnum);
  if p_after is not null then
    v_key := pgwhen._record_key(v_target.relation, v_attachment.key_columns, p_after);
  end if;
  v_rows := array(
    select r from pgwhen_sandbox.scan_rows(v_target.relation, v_columns, v_attachment.key_columns, v_key, p_max) r);

  with matched as materialized (
    select r.n, r.key, r.record, r.operation, b.key is not null as is_before
    from pgwhen._backfill_rows(v_attachment, v_target.triggers, v_target.compiled, v_rows, v_where) r
    left join pgwhen.backfills b on b.workflow_id = v_target.workflow_id and b.attachment_id = v_attachment.attachment_id and b.key = r.key
  ), fresh as materialized (
    select m.n, m.key, m.record, m.operation from matched m where not m.is_before order by m.n limit p_limit
  ), last as materialized (
    -- What the limit cut off is for the next call.
    select case when (select count(*) from matched m where not m.is_before) > p_limit then coalesce(max(f.n), 0) else cardinality(v_rows) end as n
    from fresh f
  ), queued as (
    insert into pgwhen._event_queue (enqueued_at, message)
    select v_now, jsonb_build_object('v', 1, 'operation', f.operation, 'attachment', v_attachment.attachment_id, 'new', f.record,
      'actor', pgwhen._actor(), 'request', jsonb_build_object('kind', 'backfill', 'workflow_id', v_target.workflow_id, 'key', f.key))
    from fresh f
    where not p_dry_run
    order by f.n
    returning msg_id, message
  ), remembered as (
    insert into pgwhen.backfills (workflow_id, attachment_id, key, event_id)
    select v_target.workflow_id, v_attachment.attachment_id, q.message -> 'request' -> 'key', pgwhen._event_id(v_now, q.msg_id)
    from queued q
    returning key
  )
  select l.n, (select count(*) from matched m where m.n <= l.n), (select count(*) from matched m where m.n <= l.n and m.is_before),
    case when p_dry_run then (select count(*) from fresh) else (select count(*) from remembered) end
  into v_last, v_matched, v_before, v_started
  from last l;

  if v_started > 0 and not p_dry_run then
    if pgwhen._poller_sleeps() then
      perform pg_notify('pgwhen_doorbell', '');
    end if;
    perform pgwhen._audit('backfill_workflow', array[p_workflow], p_reason,
      jsonb_strip_nulls(jsonb_build_object('table', v_attachment.table_name, 'where', p_where, 'started', v_started)));
  end if;
  return jsonb_build_object('table', format('%I.%I', v_attachment.schema_name, v_attachment.table_name),
    'scanned', v_last, 'matched', v_matched, 'before', v_before, 'started', v_started,
    'after', case when v_last = 0 then v_key
      else (select jsonb_object_agg(k, v_rows[v_last] -> k) from unnest(v_attachment.key_columns) k) end,
    'done', v_last = cardinality(v_rows) and v_last < p_max);
end
$$;
comment on function pgwhen.backfill_workflow(text, jsonb, text, jsonb, integer, integer, boolean, text) is 'Starts a workflow for rows that are there already and match it now, once for each record: a page of p_max rows in the order of their key, after the key p_after. Call it again with after until done, each call in a transaction of its own.
p_where is a further condition on the row, p_table the table where several start the workflow, p_limit how many this call starts at most; p_dry_run only counts. Rows are read as pgwhen_actions; the executions are there after the next tick.
Returns {table, scanned, matched, before (of these, started by an earlier backfill), started, after, done}.';
