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
  v_now timestamptz := pgwhen._clock();
  v_execution_ids uuid[];
  v_step_ids text[];
  v_contexts jsonb[];
  v_shapes integer[];
  v_attachments integer[];
  v_keys jsonb[];
  v_nodes jsonb[];
  v_further jsonb[];
begin
  with step as materialized (
    select r.execution_id, r.step_id, x.workflow_id, x.version, x.event_id, x.attachment_id, x.record_key
    from unnest(p_steps) r (execution_id, step_id)
    cross join lateral (
      select x.workflow_id, x.version, x.event_id, x.attachment_id, x.record_key from pgwhen.executions x
      where x.execution_id = r.execution_id
      offset 0) x
  ), shape as materialized (
    select d.workflow_id, d.version, d.step_id, n.nodes, 'new' = any (r.roots) as has_new, 'old' = any (r.roots) as has_old,
      jsonb_build_object('v', 1)
        || case when 'vars' = any (r.roots) then jsonb_build_object('vars', coalesce(v.compiled -> 'vars', '{}')) else '{}' end
        || case when p_kind = 'start' and 'now' = any (r.roots) then jsonb_build_object('now', v_now) else '{}' end as fixed,
      case when r.roots && '{event,input,changed,tenant,workflow,execution,item,index,steps}'::text[] or p_kind <> 'start' and 'now' = any (r.roots) then
        jsonb_build_object('roots', r.roots, 'kind', p_kind, 'inputs', v.compiled -> 'inputs', 'steps',
          (select jsonb_agg(p.path -> 1) from jsonb_array_elements(paths.all) p (path) where p.path ->> 0 = 'steps')) end as further,
      (select jsonb_object_agg(n.key, n.value) from jsonb_each_text(s.compiled -> 'items') n where n.value = any (r.roots)) as names,
      (row_number() over ())::integer as number
    from (select distinct workflow_id, version, step_id from step) d
    cross join lateral (
      select s.compiled, s.condition from pgwhen.steps s
      where s.workflow_id = d.workflow_id and s.version = d.version and s.step_id = d.step_id
      offset 0) s
    cross join lateral (
      select v.compiled from pgwhen.versions v where v.workflow_id = d.workflow_id and v.version = d.version offset 0) v
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
        || case when h.has_new then jsonb_build_object('new', e.new) else '{}' end
        || case when h.has_old then jsonb_build_object('old', e.old) else '{}' end
        || case when h.names is not null then pgwhen._named_items(s.execution_id, h.names) else '{}' end as context
    from step s
    join shape h on h.workflow_id = s.workflow_id and h.version = s.version and h.step_id = s.step_id
    left join pgwhen.events e on e.event_id = s.event_id
  )
  select b.*, h.*
  into v_execution_ids, v_step_ids, v_contexts, v_shapes, v_attachments, v_keys, v_nodes, v_further
  from (
    select array_agg(b.execution_id), array_agg(b.step_id), array_agg(b.context), array_agg(b.number), array_agg(b.attachment_id),
      array_agg(b.record_key)
    from built b) b
  cross join (select array_agg(h.nodes order by h.number), array_agg(h.further order by h.number) from shape h) h;

  if array_remove(v_further, null) <> '{}' then
    v_contexts := pgwhen._add_roots(v_contexts, v_execution_ids, v_step_ids, v_shapes, v_further, v_now);
  end if;
  if array_remove(v_nodes, '[]') <> '{}' then
    v_contexts := pgwhen._read_records(v_contexts, v_shapes, v_nodes, v_attachments, v_keys);
  end if;
  return query select * from unnest(v_execution_ids, v_step_ids, v_contexts);
end
$$;
comment on function pgwhen._build_contexts(pgwhen.step_ref[], text) is 'Contexts of steps, with what p_kind refers to.
p_kind is condition, action (templates), engine (values that the engine itself needs), leave, exit, or start: condition, engine and leave
of steps that begin now and have no row yet.';
