-- Which executions the step can be skipped in. A step that failed and was gone on from (its error
-- branch, on_error: continue) has been decided; so has one that settled otherwise. Of a poller's work nothing is known until
-- its attempt has ended. A step without a branch success (a condition, an approval) goes on by the one that is named.
-- p_held are the executions whose row of the step the caller holds.
create or replace function pgwhen._judge_skip(p_execution_ids uuid[], p_held uuid[], p_step text, p_outcome text)
returns table (execution_id uuid, refusal text, is_open boolean, others text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select x.execution_id,
    case
      when t.step_id is null then format('version %s has no step %s', x.version, p_step)
      when x.status in ('completed', 'cancelled') then x.status
      when x.body is not null and x.finished_at is not null then
        format('item %s of the loop %s: retry the execution %s', x.item_index, x.body, x.parent_execution_id)
      when s.step_id is null then format('step %s has not begun', p_step)
      when s.status in ('claimed', 'sending') or x.execution_id <> all (p_held) then format('step %s is on its way, and its result is not known yet', p_step)
      when s.status = 'failed' and x.status <> 'failed' then format('step %s failed, and the execution has gone on', p_step)
      when s.status = 'failed' and t.compiled ->> 'on_error' <> 'fail' then format('step %s failed, and the execution had gone on', p_step)
      when s.status <> 'failed' and x.status = 'failed' then format('step %s is %s: not what the execution failed of', p_step, s.status)
      when s.status in ('completed', 'skipped', 'not_reached', 'cancelled') then format('step %s is %s', p_step, replace(s.status, '_', ' '))
      when p_outcome is null and not 'success' = any (o.outcomes) then
        format('step %s has no branch success: say which of %s', p_step, array_to_string(o.outcomes, ', '))
      when p_outcome <> all (o.outcomes) then
        format('step %s has no branch %s, but %s', p_step, p_outcome, array_to_string(o.outcomes, ', '))
    end,
    x.finished_at is null, (
      select string_agg(c.step_id, ', ' order by c.step_id)
      from pgwhen.execution_steps c
      join pgwhen.steps n on n.workflow_id = x.workflow_id and n.version = x.version and n.step_id = c.step_id
      where c.execution_id = x.execution_id and c.part = 0 and c.step_id <> p_step and c.status = 'failed' and n.compiled ->> 'on_error' = 'fail')
  from unnest(p_execution_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  left join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = p_step
  left join pgwhen.execution_steps s on s.execution_id = x.execution_id and s.step_id = p_step and s.part = 0
  cross join lateral (
    select coalesce(array_agg(distinct e.outcome) filter (where e.outcome <> 'error'), '{success}') as outcomes
    from pgwhen.edges e
    where e.workflow_id = x.workflow_id and e.version = x.version and e.source = p_step) o
$$;
comment on function pgwhen._judge_skip(uuid[], uuid[], text, text) is 'Why a step of executions cannot be skipped (null when it can), whether the execution is open, and which other steps it failed of.';
