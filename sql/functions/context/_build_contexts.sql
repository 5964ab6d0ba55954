-- Only what the steps refer to, so that a step that asks for nothing but its event costs one static query. Nested loops by
-- design: a plan that was cached while the tables were small must not scan them when they have grown.
create or replace function pgwhen._build_contexts(p_steps pgwhen.step_ref[], p_kind text)
returns table (execution_id uuid, step_id text, context jsonb)
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
  c_roots constant text[] := '{event,input,new,old,changed,vars,tenant,workflow,execution,now,item,index,steps}'::text[];
  v_now timestamptz := pgwhen._clock();
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
      x.record_key, x.input, x.item, x.item_index, x.body
    from unnest(p_steps) r (execution_id, step_id)
    join pgwhen.executions x on x.execution_id = r.execution_id
  ), shape as materialized (
    select d.workflow_id, d.version, d.step_id, v.compiled -> 'inputs' as inputs, n.nodes, r.roots,
      array(select c.root from unnest(c_roots) c (root) where c.root <> all (r.roots)) as unasked,
      r.roots && '{event,input,changed,tenant,workflow,execution,now,item,index,steps}'::text[] as rare,
      jsonb_build_object('v', 1) || case when 'vars' = any (r.roots) then jsonb_build_object('vars', coalesce(v.compiled -> 'vars', '{}')) else '{}' end as fixed,
      array(select p.path ->> 1 from jsonb_array_elements(paths.all) p (path) where p.path ->> 0 = 'steps') as step_ids,
      (select jsonb_object_agg(n.key, n.value) from jsonb_each_text(s.compiled -> 'items') n where n.value = any (r.roots)) as names,
      (row_number() over ())::integer as number
    from (select distinct workflow_id, version, step_id from step) d
    join pgwhen.steps s on s.workflow_id = d.workflow_id and s.version = d.version and s.step_id = d.step_id
    join pgwhen.versions v on v.workflow_id = d.workflow_id and v.version = d.version
    cross join lateral (select case p_kind
        when 'start' then coalesce(s.compiled #> '{reads,condition}', '[]') || coalesce(s.compiled #> '{reads,engine}', '[]')
          || coalesce(s.compiled #> '{reads,leave}', '[]')
        else coalesce(s.compiled -> 'reads' -> p_kind, '[]')
      end as all
      offset 0) paths
    -- The engine and conditions always have a clock; a condition on what changed compares both rows, which are too large to be copied
    -- for every item of a loop over what one of them holds. offset 0: else each that asks for the roots would find them anew.
    cross join lateral (select array(select p.path ->> 0 from jsonb_array_elements(paths.all) p (path))
      || case when p_kind = 'action' then '{}'
        when strpos(coalesce(s.condition::text, '') || s.compiled::text, '"op": "changed') > 0 then '{now,old,new,changed}'
        else '{now}' end::text[] as roots
      offset 0) r
    cross join lateral (select pgwhen._needed_nodes(v.compiled -> 'reads', paths.all) as nodes) n
  ), built as (
    select s.execution_id, s.step_id, h.number, s.attachment_id, s.record_key,
      h.fixed
        || case when 'new' = any (h.roots) then jsonb_build_object('new', e.new) else '{}' end
        || case when 'old' = any (h.roots) then jsonb_build_object('old', e.old) else '{}' end
        || case when h.rare then jsonb_build_object(
          'event', case when 'event' = any (h.roots) then jsonb_build_object('id', e.event_id, 'type', e.type, 'table', (select a.table_name from pgwhen.attachments a where a.attachment_id = e.attachment_id),
            'operation', e.operation, 'occurred_at', e.occurred_at, 'depth', e.depth, 'actor', e.actor,
            'trigger', (select t.trigger_id from pgwhen.triggers t
              where t.workflow_id = s.workflow_id and t.version = s.version and t.trigger_no = s.trigger_no)) end,
          'input', case when 'input' = any (h.roots) then pgwhen._check_inputs(h.inputs, coalesce(s.input, e.input)) end,
          'changed', case when 'changed' = any (h.roots) then to_jsonb(e.changed) end,
          'tenant', case when 'tenant' = any (h.roots) then (
            select n.variables || jsonb_build_object('id', n.tenant) from pgwhen.tenants n where n.tenant = s.tenant) end,
          'workflow', case when 'workflow' = any (h.roots) then (
            select jsonb_build_object('id', w.workflow, 'name', w.name, 'version', s.version)
            from pgwhen.workflows w where w.workflow_id = s.workflow_id) end,
          'execution', case when 'execution' = any (h.roots) then jsonb_build_object('id', s.execution_id, 'started_at', s.started_at)
            || case when p_kind = 'start' then jsonb_build_object('record', s.record_key) else '{}' end end,
          'now', case when 'now' = any (h.roots) then coalesce((
            select q.queued_at from pgwhen.execution_steps q
            where q.execution_id = s.execution_id and q.step_id = s.step_id and q.part = 0), v_now) end,
          'item', case when 'item' = any (h.roots) then s.item end,
          'index', case when 'index' = any (h.roots) then s.item_index end,
          'steps', case when 'steps' = any (h.roots) then coalesce((
            select jsonb_object_agg(o.step_id, jsonb_build_object('status', o.status, 'output',
                case when o.status = 'failed' then coalesce(o.output, pgwhen._fallback_output(o.execution_id, s.workflow_id, s.version, o.step_id)) else o.output end,
              'error', o.error))
            from (
              select s.execution_id
              union all
              select a.execution_id from unnest(case when s.body is not null then pgwhen._ancestors(s.execution_id) end) a (execution_id)) f
            -- offset 0: an execution's steps are found by the execution, whatever the statistics of a small table say.
            cross join lateral (
              select p.step_id, p.status, p.output, p.error, p.part, p.execution_id
              from pgwhen.execution_steps p where p.execution_id = f.execution_id offset 0) o
            where o.part = 0
              and (o.step_id = any (h.step_ids) or array_position(h.step_ids, null) is not null)), '{}') end
        ) - h.unasked else '{}' end
        || case when h.names is not null then pgwhen._named_items(s.execution_id, h.names) else '{}' end as context,
      h.nodes <> '[]' as is_reading
    from step s
    join shape h on h.workflow_id = s.workflow_id and h.version = s.version and h.step_id = s.step_id
    left join pgwhen.events e on e.event_id = s.event_id
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
