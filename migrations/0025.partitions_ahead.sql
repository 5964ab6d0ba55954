-- Two weeks ahead in place of four. A plan looks at every week there is, so each costs what happens now 3 % more, also while it is
-- empty. A database in use comes to the weeks that it has; a new one begins with fewer.
-- depends: 0024.attachments_pages

set local search_path = pgwhen, pg_catalog;

do $$
declare
  v_table text;
  v_week text;
begin
  if exists (select from executions) or exists (select from events) or exists (select from logs) or exists (select from documents) then
    return;
  end if;
  foreach v_table in array array['events', 'executions', 'execution_steps', 'frozen_messages', 'attempts', 'logs', 'documents'] loop
    for v_weeks in 3..4 loop
      v_week := v_table || '_' || to_char((now() + v_weeks * interval '7 days') at time zone 'UTC', 'IYYY"w"IW');
      -- squawk-ignore ban-drop-table
      execute format('drop table if exists %I', v_week);
    end loop;
  end loop;
end
$$;
