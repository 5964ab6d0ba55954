-- What the poller gets. Apart from the claim, because here the batch is joined with itself, by hash; json, not jsonb: it is built
-- once and sent. Messages that a step sends beside its own work (part above 0) share its context.
create or replace function pgwhen._describe_actions(p_claimed pgwhen.claimed_action[]) returns json
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
begin
  return (
    with claimed as materialized (
      select a.*, coalesce(a.message ->> 'type', a.type) as kind,
        case when a.part = 0 or a.definition is null then a.definition else a.message -> 'definition' end as asks
      from (
        select c.*, case when c.part > 0 then pgwhen._part_message(c.execution_id, c.step_id, c.generation, c.part) end as message
        from unnest(p_claimed) c
        offset 0) a
    ), asked as materialized (
      select array_agg(distinct (a.execution_id, a.step_id)::pgwhen.step_ref) as steps from claimed a where a.definition is not null
    ), context as materialized (
      select c.execution_id, c.step_id, c.context, c.error from asked s cross join lateral pgwhen._action_contexts(s.steps) c
    )
    select json_agg((a.execution_id, a.step_id, a.generation, a.part, a.attempt, a.message_id, a.tenant, a.workflow, a.kind, a.asks,
      case when a.part = 0 then c.context else c.context || (a.message -> 'context') end, a.frozen, a.connection,
      a.execution_id || ':' || a.step_id || ':' || a.generation || ':' || a.part, a.timeout_seconds, a.lease_until,
      coalesce(c.error, case
        when a.kind in ('webhook', 'action') or a.asks ?| '{template,category}'
          then coalesce(a.extra, '{}') || pgwhen._action_extra(a.tenant, a.workflow, a.kind, a.asks, a.frozen)
        else a.extra end))::pgwhen.claimed_action)
    from claimed a
    left join context c on c.execution_id = a.execution_id and c.step_id = a.step_id);
end
$$;
comment on function pgwhen._describe_actions(pgwhen.claimed_action[]) is 'Claimed actions as objects, with contexts for those that have a definition: frozen ones and database steps have none.';
