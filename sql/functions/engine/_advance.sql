-- The one rule (docs/concepts.md): an edge fires or dies when its source settles; a step starts when all its edges are
-- settled and one has fired, and is not reached when none has. A step that waits for any or for a number of its arms starts when so
-- many have fired, and is not reached when too few still can; an arm is one edge or several, of which one has to fire when all have
-- settled. Nothing is counted ahead: whether an edge has fired is read from its source's row, so that an advance that is done again
-- changes nothing.
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
  v_leaving pgwhen.step_ref[];
  v_left pgwhen.step_ref[];
begin
  while v_settled is not null loop
    with settled as (
      select e.execution_id, e.step_id, x.workflow_id, x.version, e.ends, bool_or(e.ends) over (partition by e.execution_id) as is_ending
      from unnest(v_settled) r
      join pgwhen.executions x on x.execution_id = r.execution_id
      join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0
      join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
      cross join lateral (select r.execution_id, r.step_id, s.status = 'failed' and s.outcome is not null and t.compiled ->> 'on_error' = 'fail'
        or t.type = 'stop' and s.status = 'completed' and t.compiled -> 'branch' is distinct from 'true' as ends) e
      where x.status in ('pending', 'running', 'waiting')
    ), target as (
      select distinct s.execution_id, s.workflow_id, s.version, e.target
      from settled s
      join pgwhen.edges e on e.workflow_id = s.workflow_id and e.version = s.version and e.source = s.step_id
      where not s.is_ending
        and (select true from pgwhen.execution_steps t where t.execution_id = s.execution_id and t.step_id = e.target and t.part = 0) is null
    ), decided as (
      select t.execution_id, t.workflow_id, t.version, t.target, bool_or(e.arm is not null) as is_counting,
        bool_and(coalesce(s.status in ('completed', 'failed', 'skipped', 'not_reached', 'cancelled'), false)) as all_settled,
        bool_or(coalesce(s.outcome = e.outcome, false)) as any_fired
      from target t
      join pgwhen.edges e on e.workflow_id = t.workflow_id and e.version = t.version and e.target = t.target
      -- offset 0, and the subquery above: a plan made while the table was small must enter it by execution and step together.
      left join lateral (
        select p.status, p.outcome from pgwhen.execution_steps p
        where p.execution_id = t.execution_id and p.step_id = e.source and p.part = 0 offset 0) s on true
      group by t.execution_id, t.workflow_id, t.version, t.target
    ), judged as (
      select d.execution_id, d.target,
        case when d.is_counting then pgwhen._judge_join(d.execution_id, d.workflow_id, d.version, d.target)
          when d.all_settled then case when d.any_fired then 'starts' else 'dies' end end as verdict
      from decided d
    )
    select (select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) from settled s where s.ends),
      array_agg((j.execution_id, j.target)::pgwhen.step_ref) filter (where j.verdict in ('starts', 'starts alone')),
      array_agg((j.execution_id, j.target)::pgwhen.step_ref) filter (where j.verdict = 'dies'),
      array_agg((j.execution_id, j.target)::pgwhen.step_ref) filter (where j.verdict = 'starts alone')
    into v_ending, v_start, v_dead, v_leaving
    from judged j;

    if v_ending is not null then
      perform pgwhen._end_executions(v_ending);
    end if;
    v_left := null;
    if v_leaving is not null then
      v_left := pgwhen._leave_rest(v_leaving);
      select array_agg(r) into v_start from unnest(v_start) r
      where not exists (select from pgwhen.execution_steps s where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0 offset 0);
      select array_agg(r) into v_dead from unnest(v_dead) r
      where not exists (select from pgwhen.execution_steps s where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0 offset 0);
    end if;
    if v_dead is not null then
      insert into pgwhen.execution_steps (execution_id, queued_at, finished_at, generation, step_id, status)
      select x.execution_id, (select pgwhen._now()), (select pgwhen._now()), x.generation, d.step_id, 'not_reached'
      from unnest(v_dead) d
      join pgwhen.executions x on x.execution_id = d.execution_id;
    end if;
    v_settled := v_dead || v_left;
    if v_start is not null then
      v_settled := v_settled || pgwhen._start_guarded(v_start);
    end if;
  end loop;
  perform pgwhen._refresh_executions(v_touched);
end
$$;
comment on function pgwhen._advance(pgwhen.step_ref[]) is 'Goes on from steps that have settled: starts what can start, ends what has ended.';
