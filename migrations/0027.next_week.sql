-- One week ahead in place of two, as migration 0025 did before: the tick makes the next when this one begins.
--
-- A function that returns something else is another function. The sequences that triggers look at are made by attach; where a table is
-- attached already, its triggers stay as they are until somebody attaches it again (docs/decisions/0014).
-- depends: 0026.statistics

set local search_path = pgwhen, pg_catalog;

-- squawk-ignore ban-drop-function
drop function if exists _capture_triggers(regclass, integer);
-- squawk-ignore ban-drop-function
drop function if exists _fail_point(text);
-- squawk-ignore ban-drop-function
drop function if exists _stop_at(text);
-- squawk-ignore ban-drop-function
drop function if exists _describe_actions(claimed_action[], step_ref[]);

-- Found once, when a version is published, and not with each batch of events.
alter table versions add column roots text[] not null default '{}';
comment on column versions.roots is 'Steps that no edge leads to: an execution begins with them. Those of loop bodies are not among them.';
update versions v
set roots = array(
  select s.step_id from steps s
  where s.workflow_id = v.workflow_id and s.version = v.version and s.body is null and not exists (
    select from edges e where e.workflow_id = s.workflow_id and e.version = s.version and e.target = s.step_id));

do $$
declare
  v_table text;
begin
  if exists (select from executions) or exists (select from events) or exists (select from logs) or exists (select from documents) then
    return;
  end if;
  foreach v_table in array array['events', 'executions', 'execution_steps', 'frozen_messages', 'attempts', 'logs', 'documents'] loop
    -- squawk-ignore ban-drop-table
    execute format('drop table if exists %I', v_table || '_' || to_char((now() + interval '14 days') at time zone 'UTC', 'IYYY"w"IW'));
  end loop;
end
$$;
