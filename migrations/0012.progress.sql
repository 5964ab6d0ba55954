-- What is to be told of executions as they go on, where somebody asked for it.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table progress (
  seq bigint generated always as identity primary key,
  execution_id uuid not null,
  event text not null,
  step_id text
);
comment on table progress is 'What the next tick tells by NOTIFY pgwhen_progress. Empty, and nothing is written to it, unless set_progress switched it on.';
comment on column progress.seq is 'Order of writing.';
comment on column progress.execution_id is 'The execution.';
comment on column progress.event is 'started, step_started, step_completed, step_failed, completed, failed or cancelled.';
comment on column progress.step_id is 'The step; null where it is the execution.';

alter table progress enable row level security;
alter table progress force row level security;
create policy owner on progress to pgwhen_owner using (true) with check (true);

-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists maintain();
