-- In a transaction of its own for each step (docs/decisions/0005), after a set local statement_timeout, which a function cannot set for itself.
-- No settings here, so that current_setting is the session's: the application's triggers run with its search_path.
create or replace function pgwhen.run_database_step(p_step jsonb) returns jsonb
language sql security definer
return pgwhen._run_database_step(p_step, current_setting('search_path'));
comment on function pgwhen.run_database_step(jsonb) is 'Runs one claimed database step (query, create, update, delete, call): {class, error}, class ok, permanent or transient.
p_step is what names the attempt: {execution_id, step_id, generation, part, attempt, message_id}. A null class says that the lease is
lost, or with again: true that the step was marked and is to be called for once more. Commit it at once.';
