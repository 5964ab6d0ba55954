-- All of an execution falls into the week of its id; a log row into the week in which it was written.
create or replace function pgwhen._history_id(p_table text) returns text
language sql immutable parallel safe
return case p_table when 'events' then 'event_id' when 'logs' then 'log_id' else 'execution_id' end;
comment on function pgwhen._history_id(text) is 'The column that a table of the history is partitioned by.';
