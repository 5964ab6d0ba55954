-- Actions that _start_steps leased to this very call: their rows say so already.
create or replace function pgwhen._leased_actions(p_messages bigint[], p_until timestamptz) returns pgwhen.claimed_action[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
begin
  return (
    with leased as materialized (
      select q.msg_id, x.execution_id, q.message ->> 'step' as step_id, (q.message ->> 'generation')::integer as generation, x.tenant,
        x.workflow_id, x.version
      from unnest(p_messages) i (msg_id)
      cross join lateral (select q.msg_id, q.message from pgmq.q_pgwhen_actions q where q.msg_id = i.msg_id offset 0) q
      cross join lateral (
        select x.execution_id, x.tenant, x.workflow_id, x.version from pgwhen.executions x
        where x.execution_id = (q.message ->> 'execution')::uuid and x.status in ('pending', 'running', 'waiting')
        offset 0) x
    ), known as materialized (
      select t.workflow_id, t.version, t.step_id, w.workflow, t.type, t.definition, (t.compiled ->> 'timeout')::double precision as timeout_seconds,
        case t.compiled ->> 'on_uncertain' when 'stop' then '{"single": true}'::jsonb end as extra
      from (select distinct l.workflow_id, l.version, l.step_id from leased l) d
      cross join lateral (select w.workflow from pgwhen.workflows w where w.workflow_id = d.workflow_id offset 0) w
      cross join lateral (
        select * from pgwhen.steps t where t.workflow_id = d.workflow_id and t.version = d.version and t.step_id = d.step_id offset 0) t
    )
    select array_agg((l.execution_id, l.step_id, l.generation, 0, 1, l.msg_id, l.tenant, k.workflow, k.type, k.definition, null,
      null, null, null, k.timeout_seconds, p_until, k.extra)::pgwhen.claimed_action)
    from leased l
    join known k on k.workflow_id = l.workflow_id and k.version = l.version and k.step_id = l.step_id);
end
$$;
comment on function pgwhen._leased_actions(bigint[], timestamptz) is 'Actions that were leased to the caller as they began.';
