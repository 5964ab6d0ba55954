-- Not of a trigger that is there: set_progress makes it. Once a statement; a hash join, because the settings of the engine's entry
-- points, under which it runs, are made for look-ups in tables with indexes.
create or replace function pgwhen._note_executions() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
begin
  if tg_op = 'INSERT' then
    insert into pgwhen.progress (execution_id, event)
    select n.execution_id, 'started' from new_rows n order by n.execution_id;
  else
    insert into pgwhen.progress (execution_id, event)
    select n.execution_id, case when o.finished_at is not null then 'started' else n.status end
    from new_rows n
    join old_rows o on o.execution_id = n.execution_id
    where n.status <> o.status and (n.finished_at is not null or o.finished_at is not null)
    order by n.execution_id;
  end if;
  return null;
end
$$;
comment on function pgwhen._note_executions() is 'Trigger of executions while progress is told: notes which began and which ended.';
