-- Documents that steps make, and actions that pollers register.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

-- Kept with the history: a document goes with the week of its execution, and its contents are dropped, not deleted row by row.
create table documents (
  execution_id uuid not null,
  document_id uuid not null,
  created_at timestamptz not null,
  generation integer not null,
  size integer not null,
  tenant text not null,
  step_id text not null,
  file text not null,
  media_type text not null,
  sha256 text not null,
  content bytea not null,
  primary key (execution_id, document_id),
  constraint size_is_that_of_the_content check (size = octet_length(content))
) partition by range (execution_id);
comment on table documents is 'What document and calendar steps made, until its execution is dropped.';
comment on column documents.execution_id is 'The execution.';
comment on column documents.document_id is 'The document; made from the idempotency key of its step, so that each attempt makes the same one.';
comment on column documents.created_at is 'When it was stored.';
comment on column documents.generation is 'An operator''s retry makes a new document.';
comment on column documents.size is 'Bytes.';
comment on column documents.tenant is 'Whose it is.';
comment on column documents.step_id is 'The step.';
comment on column documents.file is 'File name, without a folder.';
comment on column documents.media_type is 'application/pdf, text/html; charset=utf-8, text/calendar; ...';
comment on column documents.sha256 is 'SHA-256 of the content, in hexadecimal digits.';
comment on column documents.content is 'The bytes. Stored without compression: PDFs are compressed as they are.';
alter table documents alter column content set storage external;

-- People name a document by its id alone.
create index documents_by_id on documents (document_id);

-- This week and four more, as in 0001; tick makes the others.
do $$
declare
  v_name text;
  v_week timestamptz := date_trunc('week', now() at time zone 'UTC') at time zone 'UTC';
  v_from timestamptz;
begin
  create table documents_default partition of documents default with (fillfactor = 100);
  comment on table documents_default is 'Rows of documents outside all weeks.';
  for v_weeks in 0..4 loop
    v_from := v_week + v_weeks * interval '7 days';
    v_name := 'documents_' || to_char(v_from at time zone 'UTC', 'IYYY"w"IW');
    execute format('create table %I partition of documents for values from (%L) to (%L) with (fillfactor = 100)', v_name,
      (lpad(to_hex((extract(epoch from v_from) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid,
      (lpad(to_hex((extract(epoch from v_from + interval '7 days') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid);
    execute format('comment on table %I is %L', v_name, 'One week of documents.');
  end loop;
  for v_name in select c.relname from pg_class c where c.relnamespace = 'pgwhen'::regnamespace and c.relkind in ('r', 'p')
      and c.relname ~ '^documents' loop
    execute format('alter table %I enable row level security', v_name);
    execute format('alter table %I force row level security', v_name);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_name);
  end loop;
end $$;

create table registered_actions (
  name text not null,
  poller_id text not null,
  seen_at timestamptz not null,
  schema jsonb not null,
  description text,
  primary key (name, poller_id)
);
comment on table registered_actions is 'Custom actions that pollers have announced; what publishing checks action steps against.';
comment on column registered_actions.name is 'Name that steps use.';
comment on column registered_actions.poller_id is 'The poller that has it.';
comment on column registered_actions.seen_at is 'When that poller last announced it, give or take a minute.';
comment on column registered_actions.schema is 'JSON Schema of its parameters, as that poller announced it.';
comment on column registered_actions.description is 'First paragraph of what its author says of it.';
alter table registered_actions enable row level security;
alter table registered_actions force row level security;
create policy owner on registered_actions to pgwhen_owner using (true) with check (true);
