-- Only what the steps refer to, so that a step that asks for nothing but its event costs one static query. Nested loops by
-- design: a plan that was cached while the tables were small must not scan them when they have grown.
create or replace function pgwhen._build_contexts(p_steps pgwhen.step_ref[], p_kind text)
returns table (execution_id uuid, step_id text, context jsonb)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := pgwhen._now();
  v_execution_ids uuid[];
  v_step_ids text[];
  v_contexts jsonb[];
  v_shapes integer[];
  v_attachments integer[];
  v_keys jsonb[];
  v_nodes jsonb[];
begin
  with step as materialized (
    select r.execution_id, r.step_id, x.workflow_id, x.version, x.event_id, x.started_at, x.trigger_no, x.attachment_id, x.tenant,
      x.record_key, x.item
    from unnest(p_steps) r (execution_id, step_id)
    join pgwhen.executions x on x.execution_id = r.execution_id
  ), shape as materialized (
    select d.workflow_id, d.version, d.step_id, v.compiled -> 'vars' as vars, n.nodes,
      array(select distinct p.path ->> 0 from jsonb_array_elements(paths.all) p (path)) as roots,
      array(select distinct p.path ->> 1 from jsonb_array_elements(paths.all) p (path) where p.path ->> 0 = 'steps') as step_ids,
      (row_number() over ())::integer as number
    from (select distinct workflow_id, version, step_id from step) d
    join pgwhen.steps s on s.workflow_id = d.workflow_id and s.version = d.version and s.step_id = d.step_id
    join pgwhen.versions v on v.workflow_id = d.workflow_id and v.version = d.version
    cross join lateral (select case p_kind
        when 'start' then coalesce(s.compiled #> '{reads,condition}', '[]') || coalesce(s.compiled #> '{reads,engine}', '[]')
        else coalesce(s.compiled -> 'reads' -> p_kind, '[]')
      end as all) paths
    cross join lateral (select pgwhen._needed_nodes(v.compiled -> 'reads', paths.all) as nodes) n
  ), built as (
    select s.execution_id, s.step_id, h.number, s.attachment_id, s.record_key,
      '{"v": 1}'
      || case when 'event' = any (h.roots) then jsonb_build_object('event', jsonb_build_object(
          'id', e.event_id, 'type', e.type, 'table', a.table_name, 'operation', e.operation, 'occurred_at', e.occurred_at,
          'depth', e.depth, 'actor', e.actor, 'trigger', t.trigger_id)) else '{}' end
      || case when 'input' = any (h.roots) and e.input is not null then jsonb_build_object('input', e.input) else '{}' end
      || case when 'new' = any (h.roots) and e.new is not null then jsonb_build_object('new', e.new) else '{}' end
      || case when h.roots && '{old,new}' and e.old is not null and (p_kind in ('condition', 'start') or 'old' = any (h.roots))
          then jsonb_build_object('old', e.old) else '{}' end
      || case when 'changed' = any (h.roots) and e.changed is not null then jsonb_build_object('changed', e.changed) else '{}' end
      || case when 'vars' = any (h.roots) then jsonb_build_object('vars', coalesce(h.vars, '{}')) else '{}' end
      || case when 'tenant' = any (h.roots) then jsonb_build_object('tenant',
          (select n.variables || jsonb_build_object('id', n.tenant) from pgwhen.tenants n where n.tenant = s.tenant)) else '{}' end
      || case when 'workflow' = any (h.roots) then jsonb_build_object('workflow',
          (select jsonb_build_object('id', w.workflow, 'name', w.name, 'version', s.version)
           from pgwhen.workflows w where w.workflow_id = s.workflow_id)) else '{}' end
      || case when 'execution' = any (h.roots) then jsonb_build_object('execution',
          jsonb_build_object('id', s.execution_id, 'started_at', s.started_at)) else '{}' end
      || case when 'now' = any (h.roots) or p_kind <> 'action' then jsonb_build_object('now', coalesce(
          (select q.queued_at from pgwhen.execution_steps q
           where q.execution_id = s.execution_id and q.step_id = s.step_id and q.part = 0), v_now)) else '{}' end
      || case when 'item' = any (h.roots) and s.item is not null then jsonb_build_object('item', s.item) else '{}' end
      || case when 'steps' = any (h.roots) then jsonb_build_object('steps', coalesce(
          (select jsonb_object_agg(o.step_id, jsonb_build_object('status', o.status, 'output', o.output, 'error', o.error))
           from pgwhen.execution_steps o
           where o.execution_id = s.execution_id and o.part = 0 and (o.step_id = any (h.step_ids) or array_position(h.step_ids, null) is not null)), '{}'))
        else '{}' end as context,
      h.nodes <> '[]' as is_reading
    from step s
    join shape h on h.workflow_id = s.workflow_id and h.version = s.version and h.step_id = s.step_id
    left join pgwhen.events e on e.event_id = s.event_id
    left join pgwhen.attachments a on a.attachment_id = e.attachment_id
    left join pgwhen.triggers t on t.workflow_id = s.workflow_id and t.version = s.version and t.trigger_no = s.trigger_no
  )
  select array_agg(b.execution_id), array_agg(b.step_id), array_agg(b.context),
    array_agg(case when b.is_reading then b.number end), array_agg(b.attachment_id), array_agg(b.record_key),
    (select array_agg(h.nodes order by h.number) from shape h)
  into v_execution_ids, v_step_ids, v_contexts, v_shapes, v_attachments, v_keys, v_nodes
  from built b;

  if array_remove(v_shapes, null) <> '{}' then
    v_contexts := pgwhen._read_records(v_contexts, v_shapes, v_nodes, v_attachments, v_keys);
  end if;
  return query select * from unnest(v_execution_ids, v_step_ids, v_contexts);
end
$$;
comment on function pgwhen._build_contexts(pgwhen.step_ref[], text) is 'Contexts of steps, with what their conditions (condition), templates (action), engine values (engine) or start (start: condition and engine) refer to.';
