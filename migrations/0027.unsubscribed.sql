-- A function that says more about a trigger is another function. The sequences that triggers look at are made by attach; where a
-- table is attached already, its triggers stay as they are until somebody attaches it again.
-- depends: 0026.statistics

set local search_path = pgwhen, pg_catalog;

-- squawk-ignore ban-drop-function
drop function if exists _capture_triggers(regclass, integer);
