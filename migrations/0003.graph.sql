-- Joins that do not wait for all, and branches of every type of step.
-- squawk-ignore-file ban-drop-function
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

alter table edges add column arm text;
comment on column edges.arm is 'Where the target does not wait for all: edges of one arm count as one. Null otherwise.';
comment on column edges.outcome is 'Outcome of the source that fires it: success, error, true, case:gold, part:a, approved, ... (docs/workflows.md).';
comment on column execution_steps.outcome is 'Which edges fire: those of this outcome; null where none does.';
comment on column steps.type is 'Type of the step, as in definitions; join for the end of a parallel that does not wait for all its branches.';

-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists _tree_edges(jsonb, text);
-- squawk-ignore ban-drop-function
drop function if exists _graph_edges(jsonb, jsonb, text);
-- squawk-ignore ban-drop-function
drop function if exists _check_order(jsonb, jsonb);
