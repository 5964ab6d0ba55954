-- Triggers, so that it costs nothing while it is off, and the engine knows nothing of it. Making one waits for those who write at the
-- moment, and lets nobody write meanwhile, hence the timeout.
create or replace function pgwhen.set_progress(p_on boolean) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set lock_timeout = '2s'
as $$
declare
  v_table text;
begin
  if pgwhen._tenant() <> 'default' then
    raise exception using errcode = 'WF174', message = format('tenant %s may not switch what is told of all tenants', pgwhen._tenant()),
      hint = 'An operator of the tenant default switches it for the installation.';
  elsif p_on is null then
    raise exception using errcode = 'WF175', message = 'progress is switched on or off, not null', hint = 'Give true or false.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('pgwhen.maintain', 0));
  if p_on = pgwhen.get_progress() then
    return p_on;
  end if;
  foreach v_table in array '{executions,execution_steps}'::text[] loop
    -- Dynamic: the two differ by name only.
    if p_on then
      execute format('create trigger note_inserted after insert on pgwhen.%I referencing new table as new_rows
        for each statement execute function pgwhen.%I()', v_table, case v_table when 'executions' then '_note_executions' else '_note_steps' end);
      execute format('create trigger note_updated after update on pgwhen.%I referencing old table as old_rows new table as new_rows
        for each statement execute function pgwhen.%I()', v_table, case v_table when 'executions' then '_note_executions' else '_note_steps' end);
    else
      execute format('drop trigger note_inserted on pgwhen.%I', v_table);
      execute format('drop trigger note_updated on pgwhen.%I', v_table);
    end if;
  end loop;
  perform pgwhen._audit('set_progress', array[case when p_on then 'on' else 'off' end], null);
  return p_on;
end
$$;
comment on function pgwhen.set_progress(boolean) is 'Switches whether ticks tell the progress of executions by NOTIFY pgwhen_progress; returns what it is now.
Each notification is {v, tenant, workflow, items: [[execution, event, step], ...]}, or {v, tenant, workflow, counts: {event: n}} where there is
much. Notifications can be missed: they are hints to look, the tables are the truth.';
