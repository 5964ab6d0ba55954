-- Every step type: work that the database itself performs, bodies of loops, and what one transaction hands to the next tick.
-- depends: 0001.tables

set local search_path = pgwhen, pg_catalog;

alter table steps add column body text;
comment on column steps.body is 'Loop whose body the step belongs to; null at the top.';
-- squawk-ignore ban-drop-constraint
alter table steps drop constraint performed_by_is_known;
-- A row a step of a version: looked through in a moment.
-- squawk-ignore constraint-missing-not-valid
alter table steps add constraint performed_by_is_known check (performed_by in ('engine', 'poller', 'database'));
comment on column steps.performed_by is 'engine, poller, or database (a statement on the application''s tables, which a poller has run in a transaction of its own).';

alter table executions add column body text;
alter table executions add column item_index integer;
comment on column executions.body is 'Loop step whose body it runs, for an item of a loop; null otherwise.';
comment on column executions.item_index is 'Place of the item in its loop, from 0.';

create table handovers (
  seq bigint generated always as identity primary key,
  execution_id uuid not null,
  step_id text not null,
  purpose text not null
);
comment on table handovers is 'What a transaction leaves to the next tick, which alone may touch several executions: to open a wait, go on with a loop, start a child.';
comment on column handovers.seq is 'Order of arrival.';
comment on column handovers.execution_id is 'The execution to go on with.';
comment on column handovers.step_id is 'Its step.';
comment on column handovers.purpose is 'What is to be done: the name that _handle_handover knows.';
create index handovers_execution on handovers (execution_id);

alter table handovers enable row level security;
alter table handovers force row level security;
create policy owner on handovers to pgwhen_owner using (true) with check (true);

-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists _claim_actions(integer, double precision);
-- squawk-ignore ban-drop-function
drop function if exists _is_due();
-- squawk-ignore ban-drop-function
drop function if exists _decide_start(steps, jsonb, timestamptz);
