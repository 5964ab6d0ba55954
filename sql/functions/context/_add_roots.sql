-- What few steps refer to, in a statement of its own: made ready for each event, its look-ups would cost as much as the rest of the
-- contexts. p_further[p_shapes[i]] says what context i lacks: {roots, kind, inputs, steps}, null for nothing.
create or replace function pgwhen._add_roots(p_contexts jsonb[], p_execution_ids uuid[], p_step_ids text[], p_shapes integer[],
  p_further jsonb[], p_now timestamptz) returns jsonb[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_roots constant text[] := '{event,input,changed,tenant,workflow,execution,now,item,index,steps}'::text[];
begin
  return (
    with shape as materialized (
      select f.further ->> 'kind' as kind, f.further -> 'inputs' as inputs, r.roots, f.number,
        array(select c.root from unnest(c_roots) c (root) where c.root <> all (r.roots)) as unasked,
        array(select jsonb_array_elements_text(coalesce(nullif(f.further -> 'steps', 'null'), '[]'))) as step_ids
      from unnest(p_further) with ordinality f (further, number)
      cross join lateral (select array(select jsonb_array_elements_text(f.further -> 'roots')) as roots offset 0) r
      where f.further is not null
    )
    select array_agg(c.context || case when h.number is not null then jsonb_build_object(
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
          || case when h.kind = 'start' then jsonb_build_object('record', s.record_key) else '{}' end end,
        'now', case when h.kind = 'start' then p_now when 'now' = any (h.roots) then coalesce((
          select q.queued_at from pgwhen.execution_steps q
          where q.execution_id = s.execution_id and q.step_id = c.step_id and q.part = 0), p_now) end,
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
      ) - h.unasked else '{}' end order by c.ordinal)
    from unnest(p_contexts, p_execution_ids, p_step_ids, p_shapes) with ordinality c (context, execution_id, step_id, shape, ordinal)
    left join shape h on h.number = c.shape
    left join pgwhen.executions s on s.execution_id = case when h.number is not null then c.execution_id end
    left join pgwhen.events e on e.event_id = case when h.roots && '{event,input,changed}'::text[] then s.event_id end);
end
$$;
comment on function pgwhen._add_roots(jsonb[], uuid[], text[], integer[], jsonb[], timestamptz) is 'Contexts with those of their roots that are seldom asked for.';
