-- What a function returns can only change with the function.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

-- The verdicts are made once and sent: json, as the claimed actions.
-- squawk-ignore ban-drop-function
drop function if exists freeze_actions(jsonb);

-- It has become _clock, for all.
-- squawk-ignore ban-drop-function
drop function if exists _occurred_at();
