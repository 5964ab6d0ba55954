-- Apart from _advance, because few steps ask for it. An arm has come when all its edges are settled and one has fired.
create or replace function pgwhen._judge_join(p_execution_id uuid, p_workflow_id integer, p_version integer, p_step_id text) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when c.come >= w.wanted then case when t.compiled ? 'rest' then 'starts alone' else 'starts' end
    when c.come + c.open < w.wanted then 'dies' else 'waits' end
  from pgwhen.steps t
  cross join lateral (select case t.compiled ->> 'join' when 'any' then 1 else (t.compiled ->> 'join')::integer end as wanted) w
  cross join lateral (
    select count(*) filter (where a.all_settled and a.any_fired) as come, count(*) filter (where not a.all_settled) as open
    from (
      select bool_and(coalesce(s.status in ('completed', 'failed', 'skipped', 'not_reached', 'cancelled'), false)) as all_settled,
        bool_or(coalesce(s.outcome = e.outcome, false)) as any_fired
      from pgwhen.edges e
      left join pgwhen.execution_steps s on s.execution_id = p_execution_id and s.step_id = e.source and s.part = 0
      where e.workflow_id = p_workflow_id and e.version = p_version and e.target = p_step_id
      group by e.arm) a) c
  where t.workflow_id = p_workflow_id and t.version = p_version and t.step_id = p_step_id
$$;
comment on function pgwhen._judge_join(uuid, integer, integer, text) is 'Whether a step that does not wait for all starts, starts alone (what has not come is cancelled), dies or waits.';
