-- Judged by the functions that explain an event, against the active versions; nothing is written. What dispatch alone can tell
-- (an event that could not be matched at all) is left open.
create or replace function pgwhen.plan_replay(p_event_ids uuid[], p_workflow text default null)
returns table (event_id uuid, workflow text, starts boolean, reason text)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_tenant text := pgwhen._tenant();
begin
  perform pgwhen._require_events(p_event_ids);
  perform pgwhen._require_workflow(p_workflow);
  return query
    with event as materialized (
      select i.event_id, e, case when e.operation = 'manual' then pgwhen._manual_workflow(e) end as manual_id
      from (select distinct unnest(p_event_ids)) i (event_id)
      left join pgwhen.events e on e.event_id = i.event_id and e.tenant = v_tenant
    ), candidate as materialized (
      select v.event_id, v.e, t, w.workflow, w.status, w.workflow_id, w.active_version, n.compiled,
        row_number() over () as n
      from event v
      join pgwhen.triggers t on t.attachment_id = (v.e).attachment_id or (v.e).operation = 'event' and t.event_type = (v.e).type
        or (v.e).operation = 'manual' and t.kind = 'manual' and t.workflow_id = v.manual_id
      join pgwhen.workflows w on w.workflow_id = t.workflow_id and w.active_version = t.version and w.tenant = v_tenant
        and w.status in ('active', 'paused')
      join pgwhen.versions n on n.workflow_id = w.workflow_id and n.version = w.active_version
      where (p_workflow is null or w.workflow = p_workflow)
        and coalesce(w.workflow_id = ((v.e).notes -> 'request' ->> 'workflow_id')::integer, true)
    ), context as materialized (
      select g.ns[x.ordinal] as n, x.context
      from (
        select array_agg(to_jsonb(c.e) order by c.n) as events, array_agg(c.workflow_id order by c.n) as workflow_ids,
          array_agg(c.active_version order by c.n) as versions, array_agg(c.n order by c.n) as ns
        from candidate c
        where (c.t).condition is not null or coalesce(c.compiled -> 'suppress_if', 'null') <> 'null') g
      cross join lateral pgwhen._trigger_contexts(g.events, g.workflow_ids, g.versions) x
      where g.events is not null
    ), judged as materialized (
      select c.event_id, c.workflow, c.t, case
          when c.status = 'paused' then 'the workflow is paused'
          when x.explained -> 'matches' = 'false' then x.explained ->> 'reason'
          when coalesce(c.compiled -> 'suppress_if', 'null') <> 'null' and pgwhen._holds(c.compiled -> 'suppress_if', k.context) then 'suppress_if holds'
          when (c.e).input is not null and coalesce(c.compiled -> 'inputs', 'null') not in ('null', '{}') then
            pgwhen._input_problem(c.compiled -> 'inputs', (c.e).input)
        end as reason
      from candidate c
      left join context k on k.n = c.n
      cross join lateral (select pgwhen._explain_trigger(c.e, c.t, k.context) as explained) x
    )
    select j.event_id, j.workflow, bool_or(j.reason is null),
      case when not bool_or(j.reason is null) then string_agg(distinct j.reason, '; ') end
    from judged j
    group by j.event_id, j.workflow
    union all
    select v.event_id, null, case when (v.e).operation = 'unknown' then null else false end,
      case when (v.e).event_id is null then 'not found'
        when (v.e).operation = 'unknown' then 'it could not be matched then, and will be matched anew: ' || coalesce((v.e).error ->> 'message', '')
        when (v.e).operation = 'manual' and v.manual_id is null then 'the workflow that it was to start is not known'
        else 'no active workflow has a trigger for it' end
    from event v
    where not exists (select from judged j where j.event_id = v.event_id)
    order by 1, 2;
end
$$;
comment on function pgwhen.plan_replay(uuid[], text) is 'What replay_events would start: a row for each event and workflow with a trigger for it; starts is null where only the replay itself can tell.';
