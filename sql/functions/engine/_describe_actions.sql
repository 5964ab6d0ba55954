-- What the poller gets. Apart from the claim, because here the batch is joined with itself, by hash; json, not jsonb: it is built
-- once and sent.
create or replace function pgwhen._describe_actions(p_claimed pgwhen.claimed_action[], p_steps pgwhen.step_ref[]) returns json
language sql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  select json_agg(json_build_object(
    'execution_id', a.execution_id, 'step_id', a.step_id, 'generation', a.generation, 'part', a.part, 'attempt', a.attempt,
    'message_id', a.message_id, 'tenant', a.tenant, 'workflow', a.workflow, 'type', a.type, 'definition', a.definition,
    'context', c.context, 'frozen', a.frozen, 'connection', a.connection,
    'idempotency_key', a.execution_id || ':' || a.step_id || ':' || a.generation || ':' || a.part,
    'timeout_seconds', a.timeout_seconds, 'lease_until', a.lease_until, 'extra', c.error))
  from unnest(p_claimed) a
  left join pgwhen._action_contexts(p_steps) c on c.execution_id = a.execution_id and c.step_id = a.step_id
$$;
comment on function pgwhen._describe_actions(pgwhen.claimed_action[], pgwhen.step_ref[]) is 'Claimed actions as objects, with contexts for those that are not frozen yet (p_steps).';
