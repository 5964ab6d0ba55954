-- What when.if and suppress_if see before there is an execution: the event, and the record as it is now.
create or replace function pgwhen._trigger_contexts(p_events jsonb[], p_workflow_ids integer[], p_versions integer[])
returns table (ordinal integer, context jsonb)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := pgwhen._clock();
  v_contexts jsonb[];
  v_shapes integer[];
  v_attachments integer[];
  v_keys jsonb[];
  v_nodes jsonb[];
begin
  with asked as materialized (
    select a.event, a.workflow_id, a.version, a.ordinal::integer as ordinal
    from unnest(p_events, p_workflow_ids, p_versions) with ordinality a (event, workflow_id, version, ordinal)
  ), shape as materialized (
    select d.workflow_id, d.version, v.compiled -> 'vars' as vars, v.compiled -> 'inputs' as inputs, (row_number() over ())::integer as number,
      pgwhen._needed_nodes(v.compiled -> 'reads', pgwhen._condition_paths(
        jsonb_build_array(v.compiled -> 'suppress_if',
          (select jsonb_agg(t.condition) from pgwhen.triggers t where t.workflow_id = d.workflow_id and t.version = d.version and t.needs_record)),
        v.compiled -> 'reads')) as nodes
    from (select distinct workflow_id, version from asked) d
    cross join lateral (
      select v.compiled from pgwhen.versions v where v.workflow_id = d.workflow_id and v.version = d.version offset 0) v
  ), built as (
    select a.ordinal, h.number, nullif(a.event -> 'key', 'null') as key,
      coalesce(a.event ->> 'attachment', a.event ->> 'attachment_id')::integer as attachment_id,
      jsonb_build_object('v', 1, 'vars', coalesce(h.vars, '{}'),
        'now', coalesce((a.event ->> 'now')::timestamptz, v_now),
        'event', jsonb_build_object('id', a.event -> 'event_id', 'type', coalesce(a.event -> 'event_type', a.event -> 'type'),
          'table', t.table_name, 'operation', a.event -> 'operation', 'occurred_at', (a.event ->> 'occurred_at')::timestamptz,
          'depth', a.event -> 'depth', 'actor', a.event -> 'actor'),
        'workflow', jsonb_build_object('id', w.workflow, 'name', w.name, 'version', a.version),
        'tenant', (select n.variables || jsonb_build_object('id', n.tenant) from pgwhen.tenants n where n.tenant = w.tenant))
      || (select coalesce(jsonb_object_agg(r.root, case r.root when 'input' then pgwhen._with_defaults(h.inputs, a.event -> 'input') else a.event -> r.root end), '{}')
          from unnest(array['new', 'old', 'changed', 'input']) r (root) where a.event -> r.root <> 'null') as context
    from asked a
    join shape h on h.workflow_id = a.workflow_id and h.version = a.version
    join pgwhen.workflows w on w.workflow_id = a.workflow_id
    left join pgwhen.attachments t on t.attachment_id = coalesce(a.event ->> 'attachment', a.event ->> 'attachment_id')::integer
  )
  select array_agg(b.context order by b.ordinal), array_agg(b.number order by b.ordinal), array_agg(b.attachment_id order by b.ordinal),
    array_agg(b.key order by b.ordinal), (select array_agg(h.nodes order by h.number) from shape h)
  into v_contexts, v_shapes, v_attachments, v_keys, v_nodes
  from built b;

  return query
    select c.ordinal::integer, c.context
    from unnest(pgwhen._read_records(v_contexts, v_shapes, v_nodes, v_attachments, v_keys)) with ordinality c (context, ordinal);
end
$$;
comment on function pgwhen._trigger_contexts(jsonb[], integer[], integer[]) is 'Contexts of events for workflows that they may start: element i is event i for workflow i. What their conditions refer to is read as it is now.';
