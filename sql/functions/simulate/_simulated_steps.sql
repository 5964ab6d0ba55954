-- As show_execution has them, with why a condition did not hold. That is judged again, with what the step read then.
create or replace function pgwhen._simulated_steps(p_execution pgwhen.executions) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(e.step - '{messages,attempts,generation,started_at}'::text[] || jsonb_build_object(
    'is_decision', t.condition is not null,
    'text', case when s.status not in ('completed', 'skipped', 'not_reached', 'cancelled') then pgwhen._explain_step(s) end,
    'why', case when s.status = 'skipped' or t.type = 'condition' and s.outcome = 'false' then (
      select pgwhen._why_not(pgwhen._explain_condition(t.condition, c.context))
      from pgwhen._build_contexts(array[(s.execution_id, s.step_id)::pgwhen.step_ref], 'condition') c) end)
    order by e.ordinality), '[]')
  from jsonb_array_elements(pgwhen._show_steps(p_execution)) with ordinality e (step, ordinality)
  join pgwhen.execution_steps s on s.execution_id = p_execution.execution_id and s.step_id = e.step ->> 'step_id'
    and s.part = (e.step ->> 'part')::integer
  join pgwhen.steps t on t.workflow_id = p_execution.workflow_id and t.version = p_execution.version and t.step_id = s.step_id
$$;
comment on function pgwhen._simulated_steps(pgwhen.executions) is 'The steps of a simulated execution that have begun, each with why.';
