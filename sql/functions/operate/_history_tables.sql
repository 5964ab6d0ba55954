-- The partitioned tables, executions first: what is kept of the others depends on which executions are kept.
create or replace function pgwhen._history_tables() returns text[]
language sql immutable parallel safe
return array['executions', 'execution_steps', 'frozen_messages', 'attempts', 'documents', 'events', 'logs'];
comment on function pgwhen._history_tables() is 'The tables that are partitioned by week.';
