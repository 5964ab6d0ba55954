-- Notifications: whom a step tells by which channels, and what is collected into digests.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table notifications (
  execution_id uuid not null,
  created_at timestamptz not null,
  digest_id uuid,
  generation integer not null,
  place integer not null default 0,
  step_id text not null,
  tenant text not null references tenants,
  recipient text not null,
  channels text[] not null,
  addresses jsonb not null,
  primary key (execution_id, step_id, generation)
);
comment on table notifications is 'Whom a notification step tells, decided when it begins. They stay as long as their execution.';
comment on column notifications.execution_id is 'The execution.';
comment on column notifications.created_at is 'When it was decided.';
comment on column notifications.digest_id is 'Digest that it is collected into; null where it is told at once.';
comment on column notifications.generation is 'Generation of the step.';
comment on column notifications.place is 'Channel that was tried last, from 1, which is also the part of the step; 0 while none was.';
comment on column notifications.step_id is 'The notification step.';
comment on column notifications.tenant is 'Owner.';
comment on column notifications.recipient is 'Who is told: the id that the step gives, else the address.';
comment on column notifications.channels is 'Channels that reach the recipient and are wanted, in the order in which they are tried.';
comment on column notifications.addresses is 'email, phone, push, chat, locale and timezone of the recipient at that time.';

-- squawk-ignore require-concurrent-index-creation
create index notifications_digest on notifications (digest_id) where digest_id is not null;

create table digests (
  digest_id uuid primary key,
  ends_at timestamptz not null,
  sent_by uuid,
  workflow_id integer not null references workflows,
  tenant text not null references tenants,
  recipient text not null,
  key text not null,
  unique (workflow_id, tenant, recipient, key, ends_at)
);
comment on table digests is 'What is told to a recipient in one message at the end of a window: one row a workflow, recipient, key and window.';
comment on column digests.digest_id is 'Identity.';
comment on column digests.ends_at is 'When the window ends and the message leaves.';
comment on column digests.sent_by is 'Execution whose step sends it; null before the end of the window.';
comment on column digests.workflow_id is 'The workflow.';
comment on column digests.tenant is 'Owner.';
comment on column digests.recipient is 'Who is told.';
comment on column digests.key is 'What is collected together besides; empty unless the step says.';

create table digest_items (
  digest_id uuid not null references digests on delete cascade,
  execution_id uuid not null,
  collected_at timestamptz not null,
  generation integer not null,
  step_id text not null,
  item jsonb not null,
  primary key (digest_id, execution_id, step_id)
);
comment on table digest_items is 'What a digest has collected.';
comment on column digest_items.digest_id is 'The digest.';
comment on column digest_items.execution_id is 'Execution that it came from.';
comment on column digest_items.collected_at is 'When.';
comment on column digest_items.generation is 'Generation of the step.';
comment on column digest_items.step_id is 'The notification step.';
comment on column digest_items.item is 'The row or input that started the execution, as notification.items shows it.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['notifications', 'digests', 'digest_items'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_table);
  end loop;
end $$;
