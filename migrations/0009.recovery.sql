-- Recovery: the input that an operator gave at a retry, and the records that a backfill has started.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

alter table executions add column input jsonb;
comment on column executions.input is 'What an operator gave at a retry in place of the event''s input; null where nobody did.';

create table backfills (
  workflow_id integer not null references workflows on delete cascade,
  attachment_id integer not null references attachments,
  key jsonb not null,
  event_id uuid not null,
  primary key (workflow_id, attachment_id, key)
);
comment on table backfills is 'Records for which a backfill has started a workflow: once for each, however often it is asked for.';
comment on column backfills.workflow_id is 'The workflow.';
comment on column backfills.attachment_id is 'Table of the record.';
comment on column backfills.key is 'Primary key of the record, as an object.';
comment on column backfills.event_id is 'Event that the backfill made for it.';

alter table backfills enable row level security;
alter table backfills force row level security;
create policy owner on backfills to pgwhen_owner using (true) with check (true);

-- squawk-ignore-file ban-drop-function
-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists _find_refusal(executions);
-- squawk-ignore ban-drop-function
drop function if exists _plan_retry(uuid[]);
-- squawk-ignore ban-drop-function
drop function if exists _retry(uuid[]);
-- squawk-ignore ban-drop-function
drop function if exists retry_executions(uuid[], text);
-- squawk-ignore ban-drop-function
drop function if exists retry_failed(text, timestamptz, text, uuid, integer);
