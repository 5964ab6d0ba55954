-- As _open_waits, for executions. After a retry only what comes from then on counts: what ended the execution before would end it
-- again.
create or replace function pgwhen._open_exits(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  with root as (
    select x.execution_id, min(t.step_id) as step_id
    from unnest(p_execution_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version
    where t.compiled ? 'opens'
    group by x.execution_id
  ), rooted as materialized (
    select array_agg((r.execution_id, r.step_id)::pgwhen.step_ref) as steps from root r
  ), opening as materialized (
    select x.execution_id, format('exit_on[%s]', e.ordinality - 1) as step_id, g.given, pgwhen._wait_key(e.value, g.given) as match_key,
      case when x.generation = 1 then x.event_id else greatest(x.event_id, (
        select (pgwhen._id_at(min(s.queued_at)) || repeat('0', 20))::uuid
        from pgwhen.execution_steps s where s.execution_id = x.execution_id and s.generation = x.generation)) end as event_id
    from rooted r
    cross join lateral pgwhen._build_contexts(r.steps, 'exit') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.versions v on v.workflow_id = x.workflow_id and v.version = x.version
    cross join lateral jsonb_array_elements(v.compiled -> 'exit_on') with ordinality e
    cross join lateral (select pgwhen._given_values(e.value -> 'given', c.context) as given) g
    where r.steps is not null
  ), opened as (
    insert into pgwhen.waits (execution_id, step_id, purpose, match_key, given)
    select o.execution_id, o.step_id, 'exit', o.match_key, o.given from opening o where o.match_key is not null
    on conflict do nothing
  )
  insert into pgwhen.arrivals (execution_id, event_id, step_id)
  select o.execution_id, e.event_id, o.step_id
  from opening o
  join pgwhen.watched_events e on e.match_key = o.match_key and e.event_id > o.event_id
  on conflict do nothing;
end
$$;
comment on function pgwhen._open_exits(uuid[]) is 'Makes executions findable by the events of their exit_on.';
