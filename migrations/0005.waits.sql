-- Waits: what versions may wait for, what executions do wait for, and what came. No row of these changes: they come and go.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table watches (
  workflow_id integer not null,
  version integer not null,
  source text not null,
  key_column text not null,
  type text not null,
  attachment_id integer references attachments,
  operation text not null,
  primary key (workflow_id, version, source, key_column, type),
  foreign key (workflow_id, version) references versions on delete cascade,
  constraint operation_is_known check (operation in ('insert', 'update', 'delete', 'event'))
);
comment on table watches is 'What executions of a version may wait for: written by publish, kept while the version is the active one or has unfinished executions.';
comment on column watches.workflow_id is 'The workflow.';
comment on column watches.version is 'Its version.';
comment on column watches.source is 'What happens: insert:7 (the number is the attachment), or event:default:invoice.paid.';
comment on column watches.key_column is 'Column, or part of the input, of which a wait wants one value; * for the primary key of the execution''s own record; empty where any will do.';
comment on column watches.type is 'Type as which key_column is compared; empty where there is none.';
comment on column watches.attachment_id is 'Attached table; null for application events.';
comment on column watches.operation is 'insert, update, delete or event.';

create table watch_keys (
  source text not null,
  key_column text not null,
  type text not null,
  primary key (source, key_column, type)
);
comment on table watch_keys is 'watches, each once: what dispatch has to look at when an event comes.';
comment on column watch_keys.source is 'What happens.';
comment on column watch_keys.key_column is 'Column whose value is part of the key.';
comment on column watch_keys.type is 'Type as which it is compared.';

create table watched_events (
  match_key text not null,
  event_id uuid not null,
  primary key (match_key, event_id)
);
comment on table watched_events is 'Events that a wait may find when it opens, by what it looks for. An event that nobody may wait for is not here.';
comment on column watched_events.match_key is 'As in waits.';
comment on column watched_events.event_id is 'The event.';

-- The first shape of waits was never used.
-- squawk-ignore ban-drop-table
drop table waits;
create table waits (
  execution_id uuid not null,
  until_at timestamptz,
  step_id text not null,
  purpose text not null,
  match_key text not null,
  given jsonb not null default '[]',
  primary key (match_key, execution_id, step_id, purpose),
  constraint purpose_is_known check (purpose in ('wait', 'record', 'exit'))
);
comment on table waits is 'What unfinished executions wait for. An event finds them by match_key.';
comment on column waits.execution_id is 'The execution.';
comment on column waits.until_at is 'What occurred later does not count; null without an end.';
comment on column waits.step_id is 'The step that waits; exit_on[n] for an entry of exit_on.';
comment on column waits.purpose is 'wait (a wait step), record (any step that sleeps or waits, when the record changes) or exit (exit_on).';
comment on column waits.match_key is 'What it waits for: row:7, row:7:lead_id=5, record:7:{"id": 5}, event:default:invoice.paid:number=77 (the number after row and record is the attachment).';
comment on column waits.given is 'Values that what comes is compared with, as they were when the wait opened.';
create index waits_execution on waits (execution_id);

create table arrivals (
  execution_id uuid not null,
  event_id uuid not null,
  step_id text not null,
  primary key (execution_id, step_id, event_id)
);
comment on table arrivals is 'Events that came for a wait and are to be judged.';
comment on column arrivals.execution_id is 'The execution that waits.';
comment on column arrivals.event_id is 'The event.';
comment on column arrivals.step_id is 'The step that waits, as in waits.';

create table taken_events (
  execution_id uuid not null,
  event_id uuid not null,
  taken_by uuid not null,
  step_id text not null,
  primary key (execution_id, event_id)
);
comment on table taken_events is 'Events that a wait took: another wait of the execution gets the next one. Kept as long as history.';
comment on column taken_events.execution_id is 'The execution; for the bodies of loops, the one that the loop is in.';
comment on column taken_events.event_id is 'The event.';
comment on column taken_events.taken_by is 'The execution whose step took it: the same, or an item of a loop.';
comment on column taken_events.step_id is 'The step that took it.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['watches', 'watch_keys', 'watched_events', 'waits', 'arrivals', 'taken_events'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_table);
  end loop;
end $$;
