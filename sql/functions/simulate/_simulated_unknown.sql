-- Steps whose outcome hangs on what a dry run has made up: decisions that read the output of an action (or a value made from
-- one), and waits for events and people. Those for which an outcome is given are not among them.
create or replace function pgwhen._simulated_unknown(p_roots uuid[], p_workflow_id integer, p_version integer, p_given jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  with recursive step as materialized (
    select s.step_id, s.position, s.type, s.condition is not null as asks, s.compiled,
      s.performed_by = 'poller' or s.type in ('wait', 'approval', 'start') as is_outside,
      coalesce(p_given -> s.step_id ?| '{output,error,outcome}', false) as is_given,
      coalesce(p_given -> s.step_id ?| '{outcome,if}', false) as is_decided
    from pgwhen.steps s
    where s.workflow_id = p_workflow_id and s.version = p_version
  ), reading as materialized (
    select s.step_id, r.kind, p.path ->> 1 as source
    from step s
    cross join lateral (values ('condition'), ('engine')) r (kind)
    cross join lateral jsonb_array_elements(coalesce(nullif(s.compiled #> array['reads', r.kind], 'null'), '[]')) p (path)
    where p.path ->> 0 = 'steps' and coalesce(p.path ->> 2, 'output') = 'output'
  ), invented as (
    select s.step_id from step s where s.is_outside and not s.is_given
    union
    select r.step_id
    from invented i
    join reading r on r.source = i.step_id or r.source is null
  ), begun as (
    select e.step_id, (array_agg(e.outcome order by e.execution_id))[1] as outcome, (array_agg(e.status order by e.execution_id))[1] as status
    from unnest(pgwhen._simulated_ids(p_roots)) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    join pgwhen.execution_steps e on e.execution_id = x.execution_id
    where x.workflow_id = p_workflow_id and x.version = p_version and e.part = 0 and e.status not in ('not_reached', 'cancelled')
    group by e.step_id
  ), unknown as (
    select s.step_id, s.position, s.type, b.status, b.outcome,
      case when s.type in ('wait', 'approval') then 'wait' when s.type = 'condition' or s.type = 'switch' then 'outcome' else 'if' end as kind
    from step s
    join begun b on b.step_id = s.step_id
    where not s.is_decided
      and (s.type in ('wait', 'approval') and not s.is_given
        or exists (
          select from reading r join invented i on i.step_id = r.source or r.source is null
          where r.step_id = s.step_id and (r.kind = 'condition' and s.asks or r.kind = 'engine' and s.type = 'switch')))
  )
  select coalesce(jsonb_agg(jsonb_build_object('step_id', u.step_id, 'type', u.type, 'kind', u.kind,
      'assumed', case when u.kind = 'if' then to_jsonb(u.status <> 'skipped') else to_jsonb(coalesce(u.outcome, u.status)) end,
      'outcomes', case
        when u.kind = 'if' then '[true, false]'::jsonb
        when u.type = 'condition' then '["true", "false"]'
        else (
          select jsonb_agg(distinct o.outcome)
          from (
            select e.outcome from pgwhen.edges e
            where e.workflow_id = p_workflow_id and e.version = p_version and e.source = u.step_id and e.outcome <> 'error'
            union
            select d.outcome from (values ('wait', 'success'), ('approval', 'approved'), ('approval', 'rejected'), ('switch', 'default')) d (type, outcome)
            where d.type = u.type
          ) o)
      end) order by u.position), '[]')
  from unknown u
$$;
comment on function pgwhen._simulated_unknown(uuid[], integer, integer, jsonb) is 'Steps of a simulation whose outcome nobody knows: [{step_id, type, kind: outcome | if | wait, assumed, outcomes}].';
