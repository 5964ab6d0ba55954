-- An execution can go on in another version if what it has done is there, as it was, and nothing is there that would have come before it;
-- what is open must not hold anything that belongs to the version: people that were asked, events waited for, children.
create or replace function pgwhen._find_move_refusal(p_execution pgwhen.executions, p_to integer) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive begun as (
    select s.step_id, s.status, s.outcome, s.status not in ('completed', 'skipped', 'failed') as is_open, o.type, o.position, t.type as new_type, t.body as new_body
    from pgwhen.execution_steps s
    join pgwhen.steps o on o.workflow_id = p_execution.workflow_id and o.version = p_execution.version and o.step_id = s.step_id
    left join pgwhen.steps t on t.workflow_id = p_execution.workflow_id and t.version = p_to and t.step_id = s.step_id
    where s.execution_id = p_execution.execution_id and s.part = 0 and s.status not in ('not_reached', 'cancelled')
  ), due (step_id) as (
    -- What has not begun and still can in the new version, as far as is known.
    select t.step_id
    from pgwhen.steps t
    where t.workflow_id = p_execution.workflow_id and t.version = p_to and t.body is not distinct from p_execution.body
      and not exists (select from begun b where b.step_id = t.step_id)
      and not exists (select from pgwhen.edges e where e.workflow_id = t.workflow_id and e.version = t.version and e.target = t.step_id)
    union
    select e.target
    from (select b.step_id, b.outcome, b.is_open from begun b union all select d.step_id, null, true from due d) f
    join pgwhen.edges e on e.workflow_id = p_execution.workflow_id and e.version = p_to and e.source = f.step_id
      and (f.is_open or e.outcome = f.outcome)
    where not exists (select from begun b where b.step_id = e.target)
  )
  select coalesce(
    case when p_execution.status not in ('pending', 'running', 'waiting') then 'already ' || p_execution.status
      when p_execution.body is not null then 'an item of a loop has the version of its loop'
      when p_execution.version = p_to then format('is on version %s already', p_to) end,
    (select format('step %s has begun, and version %s does not have it', b.step_id, p_to) from begun b where b.new_type is null order by b.position limit 1),
    (select format('step %s has begun as a %s, and is a %s in version %s', b.step_id, b.type, b.new_type, p_to)
      from begun b where b.new_type <> b.type order by b.position limit 1),
    (select format('step %s has begun, and is within a loop in version %s', b.step_id, p_to) from begun b where b.new_body is not null order by b.position limit 1),
    (select case b.status when 'waiting' then format('step %s waits: %s', b.step_id, case b.type when 'approval' then 'people have been asked' when 'notification' then 'somebody is being told'
          when 'wait' then 'for what its version says' when 'loop' then 'its items have the version of the loop' else 'for an execution that it started' end)
        else format('step %s is being performed', b.step_id) end
      from begun b where b.status in ('waiting', 'claimed', 'sending') order by b.position limit 1),
    (select format('in version %s step %s comes before %s, which has begun', p_to, e.source, e.target)
      from begun b
      join pgwhen.edges e on e.workflow_id = p_execution.workflow_id and e.version = p_to and e.target = b.step_id
      join due d on d.step_id = e.source
      order by b.position, e.source limit 1))
$$;
comment on function pgwhen._find_move_refusal(pgwhen.executions, integer) is 'Why an execution cannot go on in another version; null when it can.';
