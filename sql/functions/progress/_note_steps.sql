-- As _note_executions. A step that settles at once, as a condition does, is told once.
create or replace function pgwhen._note_steps() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
begin
  if tg_op = 'INSERT' then
    insert into pgwhen.progress (execution_id, event, step_id)
    select n.execution_id, case n.status when 'completed' then 'step_completed' when 'failed' then 'step_failed' else 'step_started' end, n.step_id
    from new_rows n
    where n.part = 0 and n.status not in ('skipped', 'not_reached', 'cancelled')
    order by n.execution_id, n.step_id;
  else
    insert into pgwhen.progress (execution_id, event, step_id)
    select n.execution_id, case n.status when 'completed' then 'step_completed' when 'failed' then 'step_failed' else 'step_started' end, n.step_id
    from new_rows n
    join old_rows o on o.execution_id = n.execution_id and o.step_id = n.step_id and o.part = n.part
    where n.part = 0 and n.status <> o.status
      and (n.status in ('completed', 'failed')
        or o.status in ('completed', 'failed', 'skipped', 'not_reached', 'cancelled') and n.status not in ('skipped', 'not_reached', 'cancelled'))
    order by n.execution_id, n.step_id;
  end if;
  return null;
end
$$;
comment on function pgwhen._note_steps() is 'Trigger of execution_steps while progress is told: notes which began and which settled.';
