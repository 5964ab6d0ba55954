-- The one rule (docs/concepts.md): an edge fires or dies when its source settles; a step starts when all its edges are
-- settled and one has fired, and is not reached when none has. Nothing is counted: whether an edge has fired is read from its
-- source's row, so that an advance that is done again changes nothing.
--
-- The caller holds the locks of the executions, taken in id order. One round per level of the graph.
create or replace function pgwhen._advance(p_settled pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[] := p_settled;
  v_touched uuid[] := array(select distinct r.execution_id from unnest(p_settled) r);
  v_ending pgwhen.step_ref[];
  v_start pgwhen.step_ref[];
  v_dead pgwhen.step_ref[];
begin
  while v_settled is not null loop
    with settled as (
      select r.execution_id, r.step_id, x.workflow_id, x.version,
        s.status = 'failed' and t.compiled ->> 'on_error' = 'fail' or t.type = 'stop' and s.status = 'completed' as ends,
        bool_or(s.status = 'failed' and t.compiled ->> 'on_error' = 'fail' or t.type = 'stop' and s.status = 'completed')
          over (partition by r.execution_id) as is_ending
      from unnest(v_settled) r
      join pgwhen.executions x on x.execution_id = r.execution_id
      join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
      join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
      where x.status in ('pending', 'running', 'waiting')
    ), target as (
      select distinct s.execution_id, s.workflow_id, s.version, e.target
      from settled s
      join pgwhen.edges e on e.workflow_id = s.workflow_id and e.version = s.version and e.source = s.step_id
      where not s.is_ending
        and not exists (
          select from pgwhen.execution_steps t where t.execution_id = s.execution_id and t.step_id = e.target and t.part = 0)
    ), decided as (
      select t.execution_id, t.target,
        bool_and(coalesce(s.status in ('completed', 'failed', 'skipped', 'not_reached', 'cancelled'), false)) as all_settled,
        bool_or(coalesce(s.outcome = e.outcome, false)) as any_fired
      from target t
      join pgwhen.edges e on e.workflow_id = t.workflow_id and e.version = t.version and e.target = t.target
      left join pgwhen.execution_steps s on s.execution_id = t.execution_id and s.step_id = e.source and s.part = 0
      group by t.execution_id, t.target
    )
    select (select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) from settled s where s.ends),
      (select array_agg((d.execution_id, d.target)::pgwhen.step_ref) from decided d where d.all_settled and d.any_fired),
      (select array_agg((d.execution_id, d.target)::pgwhen.step_ref) from decided d where d.all_settled and not d.any_fired)
    into v_ending, v_start, v_dead;

    if v_ending is not null then
      perform pgwhen._end_executions(v_ending);
    end if;
    if v_dead is not null then
      insert into pgwhen.execution_steps (execution_id, queued_at, finished_at, generation, step_id, status)
      select x.execution_id, (select pgwhen._now()), (select pgwhen._now()), x.generation, d.step_id, 'not_reached'
      from unnest(v_dead) d
      join pgwhen.executions x on x.execution_id = d.execution_id;
    end if;
    v_settled := v_dead;
    if v_start is not null then
      v_settled := v_dead || pgwhen._start_guarded(v_start);
    end if;
  end loop;
  perform pgwhen._refresh_executions(v_touched);
end
$$;
comment on function pgwhen._advance(pgwhen.step_ref[]) is 'Goes on from steps that have settled: starts what can start, ends what has ended.';
