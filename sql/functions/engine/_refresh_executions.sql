-- The state of an execution follows from its steps: something to do, running; only sleepers, waiting; nothing open, completed.
create or replace function pgwhen._refresh_executions(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  with state as (
    select i.execution_id, t.status, t.had_failures
    from unnest(p_execution_ids) i (execution_id)
    -- An aggregate of its own for each: a join could be planned, while the table was small, as a scan of all of it.
    cross join lateral (
      select case when bool_or(s.status in ('ready', 'queued', 'claimed', 'sending')) then 'running'
          when bool_or(s.status in ('held', 'sleeping', 'waiting', 'uncertain')) then 'waiting'
          when count(*) > 0 then 'completed' end as status,
        bool_or(s.status = 'failed') as had_failures
      from pgwhen.execution_steps s
      where s.execution_id = i.execution_id and s.part = 0) t
  ), changed as (
    update pgwhen.executions x
    set status = t.status, had_failures = x.had_failures or t.had_failures,
      finished_at = case when t.status = 'completed' then (select pgwhen._now()) end,
      reason = case when t.status = 'completed' and (x.had_failures or t.had_failures) then 'completed with failures' end
    from state t
    where x.execution_id = t.execution_id and x.status in ('pending', 'running', 'waiting') and x.status <> t.status
    returning x.execution_id, x.status, x.parent_execution_id, x.parent_step_id, x.body, x.item_index
  ), told as (
    -- As _tell_parents.
    insert into pgwhen.handovers (execution_id, step_id, purpose)
    select p.parent_execution_id, p.parent_step_id, case when c.body is null then 'child' else 'loop' end
    from changed c
    cross join lateral (
      select * from pgwhen.children p
      where p.parent_execution_id = c.parent_execution_id and p.parent_step_id = c.parent_step_id and p.execution_id = c.execution_id
      offset 0) p
    where c.status = 'completed' and c.parent_execution_id is not null
    order by c.parent_execution_id, c.item_index
  ), unwatched as (
    delete from pgwhen.waits w
    where w.execution_id = any (array(select c.execution_id from changed c where c.status = 'completed'))
  )
  delete from pgwhen.unfinished u
  where u.execution_id = any (array(select c.execution_id from changed c where c.status = 'completed'));
end
$$;
comment on function pgwhen._refresh_executions(uuid[]) is 'Sets running, waiting or completed from the steps of executions.';
