-- What stays of each table, said once for the copy to a new keeper and for pruning it: executions that have not ended long enough
-- ago, and their children; the steps, messages, attempts and remarks of those; the events that started them, and events that could not be dispatched, as
-- long as other failures. An execution has the time of its event in its id (a replay and a backfill make events of their own), so that the two
-- are in the same week. $1 and $2 are the cutoffs of what ended well and of what failed.
create or replace function pgwhen._kept_condition(p_table text, p_executions text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_table
    when 'executions' then '(pgwhen._is_kept(o.status, o.had_failures, o.finished_at, $1, $2)
      or o.parent_execution_id is not null and pgwhen._has_kept_parent(o.parent_execution_id, $1, $2))'
    when 'events' then format('(o.status = ''failed'' and o.occurred_at > least($1, $2)
      or exists (select from pgwhen.%I k where k.event_id = o.event_id))', p_executions)
    else format('exists (select from pgwhen.%I k where k.execution_id = o.execution_id)', p_executions)
  end
$$;
comment on function pgwhen._kept_condition(text, text) is 'The condition on a row o of a table under which it outlives its week; p_executions is the table of the executions that do.';
