-- The shape of pgwhen's data: settings and definitions, history (partitioned weekly by id), hot state, and the types that
-- the poller exchanges. Bodies of functions live in sql/, never here. Runs as pgwhen_owner.
--
-- Hot state is insert and delete in small tables; no index names a column that changes while an execution advances, so
-- that every state change of history rows is a HOT update.

set local search_path = pgwhen, pg_catalog;

-- ---------------------------------------------------------------- instance

create table settings (
  name text primary key,
  value jsonb not null
);
comment on table settings is 'Settings of this installation that every session shares. Change them with update; a missing name means the default.';
comment on column settings.name is 'Name, for example retention_days.';
comment on column settings.value is 'Value as JSON.';
insert into settings (name, value) values
  ('retention_days', '30'), ('failed_retention_days', '90'), ('unstarted_event_days', '7'),
  ('max_depth', '8'), ('test_mode', 'false');

create table tenants (
  tenant text primary key,
  variables jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint tenant_is_an_identifier check (tenant ~ '^[a-z0-9][a-z0-9_-]{0,62}$')
);
comment on table tenants is 'Who workflows and executions belong to. An installation for one organisation uses the tenant default.';
comment on column tenants.tenant is 'Identifier of the tenant.';
comment on column tenants.variables is 'What workflows see as tenant: an object of names and values.';
comment on column tenants.created_at is 'When the tenant was made.';
insert into tenants (tenant) values ('default');

create table tenant_roles (
  role_name text primary key,
  tenant text not null references tenants
);
comment on table tenant_roles is 'Which tenant a database login works for; a login without a row works for the tenant default.';
comment on column tenant_roles.role_name is 'The login (session_user).';
comment on column tenant_roles.tenant is 'The tenant it works for.';

create table pollers (
  poller_id text primary key,
  contract integer not null,
  batch integer not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  extra jsonb not null default '{}'
) with (fillfactor = 50);
comment on table pollers is 'Pollers that have called lately: how far ahead work is admitted follows from them.';
comment on column pollers.poller_id is 'Name that the poller gives itself: host, process, random part.';
comment on column pollers.contract is 'Contract number that it speaks (pgwhen.contract()).';
comment on column pollers.batch is 'How many actions it claims at once.';
comment on column pollers.started_at is 'When it was first seen.';
comment on column pollers.seen_at is 'When it was last seen; written at most every ten seconds.';
comment on column pollers.extra is 'Host, version and channels, for people.';

create table audit_log (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  tenant text not null,
  command text not null,
  target text not null,
  reason text,
  detail jsonb not null default '{}'
);
comment on table audit_log is 'What operators and authors did: one row a command and target.';
comment on column audit_log.audit_id is 'Order of writing.';
comment on column audit_log.at is 'When.';
comment on column audit_log.actor is 'Who: the setting pgwhen.actor, else session_user.';
comment on column audit_log.tenant is 'The tenant concerned.';
comment on column audit_log.command is 'The function called: retry_executions, pause_workflow, ...';
comment on column audit_log.target is 'What it was done to: an execution, a workflow, a connection.';
comment on column audit_log.reason is 'Why, in the operator''s words.';
comment on column audit_log.detail is 'Arguments and what changed.';
create index audit_log_target on audit_log (target);

-- ---------------------------------------------------------------- capture

create table attachments (
  attachment_id integer generated always as identity primary key,
  tenant text not null default 'default' references tenants,
  schema_name text not null,
  table_name text not null,
  alias text not null,
  key_columns text[] not null,
  excluded_columns text[] not null default '{}',
  doorbell boolean not null default true,
  attached_at timestamptz not null default now(),
  attached_by text not null default session_user,
  detached_at timestamptz
);
comment on table attachments is 'Tables whose changes are captured. Triggers carry the attachment_id, never an oid, so that tables can be renamed, dumped and restored.';
comment on column attachments.attachment_id is 'Identity; the argument of the table''s triggers.';
comment on column attachments.tenant is 'Tenant that the table''s events belong to.';
comment on column attachments.schema_name is 'Schema, as last seen.';
comment on column attachments.table_name is 'Table, as last seen: follows a rename.';
comment on column attachments.alias is 'Name of a record of this table in workflows: the singular of the table unless attach was given another.';
comment on column attachments.key_columns is 'Columns of the primary key, in key order; empty where there is none.';
comment on column attachments.excluded_columns is 'Columns that never enter an event.';
comment on column attachments.doorbell is 'Whether a write wakes a sleeping poller at once; false where two-phase commit is used.';
comment on column attachments.attached_at is 'When it was attached.';
comment on column attachments.attached_by is 'Who attached it.';
comment on column attachments.detached_at is 'When it was detached; null while attached.';
create unique index attachments_name on attachments (schema_name, table_name) where detached_at is null;

create table subscriptions (
  attachment_id integer not null references attachments,
  operation text not null,
  primary key (attachment_id, operation),
  constraint operation_is_known check (operation in ('insert', 'update', 'delete', 'truncate'))
);
comment on table subscriptions is 'Operations that somebody waits for, so that capture of others costs one look-up. Kept by publish, pause, resume and archive.';
comment on column subscriptions.attachment_id is 'The attached table.';
comment on column subscriptions.operation is 'insert, update, delete or truncate.';

-- ---------------------------------------------------------------- definitions

create table workflows (
  workflow_id integer generated always as identity primary key,
  tenant text not null default 'default' references tenants,
  workflow text not null,
  name text not null,
  status text not null default 'draft',
  active_version integer,
  draft jsonb,
  draft_source text,
  created_at timestamptz not null,
  created_by text not null default session_user,
  updated_at timestamptz not null,
  unique (tenant, workflow),
  constraint status_is_known check (status in ('draft', 'active', 'paused', 'archived')),
  constraint workflow_is_an_identifier check (workflow ~ '^[a-z][a-z0-9_]{0,39}$')
);
comment on table workflows is 'Workflows: identity and life cycle. What they do is in versions.';
comment on column workflows.workflow_id is 'Identity.';
comment on column workflows.tenant is 'Owner; an identifier is unique per tenant.';
comment on column workflows.workflow is 'Identifier that people and other workflows use.';
comment on column workflows.name is 'Title for people.';
comment on column workflows.status is 'draft, active, paused or archived.';
comment on column workflows.active_version is 'Version that new executions get; null before the first publish.';
comment on column workflows.draft is 'Definition that was applied but not published; null when nothing is pending.';
comment on column workflows.draft_source is 'The draft''s text as it was written.';
comment on column workflows.created_at is 'When it was made.';
comment on column workflows.created_by is 'Who made it.';
comment on column workflows.updated_at is 'Last change of status, draft or version.';

create table activations (
  workflow_id integer not null references workflows,
  from_at timestamptz not null,
  until_at timestamptz,
  status text not null,
  primary key (workflow_id, from_at),
  constraint status_is_active_or_paused check (status in ('active', 'paused')),
  constraint until_is_not_before_from check (until_at >= from_at)
);
comment on table activations is 'When each workflow was active or paused: an event starts the workflows that were active when it occurred.';
comment on column activations.workflow_id is 'The workflow.';
comment on column activations.from_at is 'Begin of the period.';
comment on column activations.until_at is 'End of the period; null while it lasts.';
comment on column activations.status is 'active, or paused (its events are recorded as skipped).';

create table versions (
  workflow_id integer not null references workflows,
  version integer not null,
  definition jsonb not null,
  source text,
  compiled jsonb not null,
  published_at timestamptz not null,
  published_by text not null default session_user,
  primary key (workflow_id, version)
);
comment on table versions is 'Published definitions: immutable, numbered, and kept by the executions that run them.';
comment on column versions.workflow_id is 'The workflow.';
comment on column versions.version is 'Number, from 1.';
comment on column versions.definition is 'The definition, normalised.';
comment on column versions.source is 'The text that was applied.';
comment on column versions.compiled is 'What publishing made of the top level: priority, vars, inputs, suppress_if as a typed condition, reads.';
comment on column versions.published_at is 'When.';
comment on column versions.published_by is 'By whom.';

create table triggers (
  workflow_id integer not null,
  version integer not null,
  trigger_no integer not null,
  trigger_id text,
  kind text not null,
  attachment_id integer,
  operations text[] not null default '{}',
  event_type text,
  columns text[],
  becomes jsonb,
  condition jsonb,
  needs_record boolean not null default false,
  enabled boolean not null default true,
  primary key (workflow_id, version, trigger_no),
  foreign key (workflow_id, version) references versions,
  constraint kind_is_known check (kind in ('table', 'event', 'manual'))
);
comment on table triggers is 'What starts a version.';
comment on column triggers.workflow_id is 'The workflow.';
comment on column triggers.version is 'Its version.';
comment on column triggers.trigger_no is 'Position in when, from 1.';
comment on column triggers.trigger_id is 'The trigger''s id, if the definition gives one.';
comment on column triggers.kind is 'table, event or manual.';
comment on column triggers.attachment_id is 'Attached table, for table triggers.';
comment on column triggers.operations is 'Operations that fire it: insert, update, delete, truncate.';
comment on column triggers.event_type is 'Type of an application event.';
comment on column triggers.columns is 'An update fires only if one of these columns changed; null for any.';
comment on column triggers.becomes is 'Typed condition that must be true of new and not of old.';
comment on column triggers.condition is 'Typed condition that must hold.';
comment on column triggers.needs_record is 'Whether the condition reads the record or its foreign keys, not only the event.';
comment on column triggers.enabled is 'Whether it is switched on.';

create table trigger_keys (
  match_key text not null,
  workflow_id integer not null,
  trigger_no integer not null,
  version integer not null,
  primary key (match_key, workflow_id, trigger_no)
);
comment on table trigger_keys is 'Index from what an event is to the triggers that it may fire, for the version that new executions get: operation, changed column, or one equality.';
comment on column trigger_keys.match_key is 'insert:7, update:7:changed:status, update:7:status=completed, event:invoice.overdue (the number is the attachment).';
comment on column trigger_keys.workflow_id is 'The workflow.';
comment on column trigger_keys.trigger_no is 'The trigger.';
comment on column trigger_keys.version is 'The version.';

create table match_columns (
  attachment_id integer not null,
  operation text not null,
  column_name text not null,
  primary key (attachment_id, operation, column_name)
);
comment on table match_columns is 'Columns that the match keys of a table use as an equality.';
comment on column match_columns.attachment_id is 'The attached table.';
comment on column match_columns.operation is 'insert, update or delete.';
comment on column match_columns.column_name is 'The column.';

create table steps (
  workflow_id integer not null,
  version integer not null,
  step_id text not null,
  position integer not null,
  type text not null,
  name text,
  definition jsonb not null,
  compiled jsonb not null default '{}',
  condition jsonb,
  performed_by text not null,
  primary key (workflow_id, version, step_id),
  foreign key (workflow_id, version) references versions,
  constraint performed_by_is_known check (performed_by in ('engine', 'poller'))
);
comment on table steps is 'Nodes of a version''s graph.';
comment on column steps.workflow_id is 'The workflow.';
comment on column steps.version is 'Its version.';
comment on column steps.step_id is 'Identifier within the version.';
comment on column steps.position is 'Topological position, from 1.';
comment on column steps.type is 'Type: condition, delay, stop, email, sms, http.';
comment on column steps.name is 'Title for people.';
comment on column steps.definition is 'Keys of the step as written, without branches.';
comment on column steps.compiled is 'Typed values, retry policy, timeout, what on_error and on_uncertain come to, and the paths that it reads.';
comment on column steps.condition is 'Typed form of if; null when there is none.';
comment on column steps.performed_by is 'engine or poller.';

create table edges (
  workflow_id integer not null,
  version integer not null,
  source text not null,
  target text not null,
  outcome text not null,
  primary key (workflow_id, version, source, outcome, target),
  foreign key (workflow_id, version) references versions
);
comment on table edges is 'Edges of a version''s graph. An edge fires when its source settles with its outcome, and dies otherwise.';
comment on column edges.workflow_id is 'The workflow.';
comment on column edges.version is 'Its version.';
comment on column edges.source is 'Step that it leaves.';
comment on column edges.target is 'Step that it enters.';
comment on column edges.outcome is 'success, error, true or false.';
create index edges_target on edges (workflow_id, version, target);

create table connections (
  tenant text not null references tenants,
  name text not null,
  channel text not null,
  provider text not null,
  status text not null default 'active',
  reason text,
  throttled_until timestamptz,
  settings jsonb not null default '{}',
  updated_at timestamptz not null,
  primary key (tenant, name),
  constraint status_is_active_or_paused check (status in ('active', 'paused'))
);
comment on table connections is 'Configured providers, those from a poller''s environment too. Secrets are never here.';
comment on column connections.tenant is 'Owner.';
comment on column connections.name is 'Name that steps use; from the environment it is the provider''s name.';
comment on column connections.channel is 'email, sms or http.';
comment on column connections.provider is 'smtp, resend, messagebird, twilio or http.';
comment on column connections.status is 'active, or paused (nothing is sent, work is held).';
comment on column connections.reason is 'Why it is paused.';
comment on column connections.throttled_until is 'The clock that all pollers share: nothing is sent before.';
comment on column connections.settings is 'What is not secret: base URL, sender.';
comment on column connections.updated_at is 'Last change.';

-- ---------------------------------------------------------------- history: insert-mostly, partitioned weekly by id

create table events (
  event_id uuid not null,
  occurred_at timestamptz not null,
  dispatched_at timestamptz not null,
  attachment_id integer,
  depth integer not null default 0,
  start_count integer not null default 0,
  tenant text not null,
  status text not null default 'dispatched',
  operation text not null,
  type text not null,
  actor text,
  key jsonb,
  new jsonb,
  old jsonb,
  changed text[],
  input jsonb,
  cause jsonb,
  notes jsonb,
  error jsonb,
  primary key (event_id),
  constraint status_is_known check (status in ('dispatched', 'failed')),
  constraint operation_is_known check (operation in ('insert', 'update', 'delete', 'truncate', 'event', 'manual', 'unknown'))
) partition by range (event_id);
comment on table events is 'What happened, once per changed row or emitted event, written when it is dispatched.';
comment on column events.event_id is 'Identity: time of occurrence and message number.';
comment on column events.occurred_at is 'When it happened.';
comment on column events.dispatched_at is 'When it was matched to workflows.';
comment on column events.attachment_id is 'Attached table; null for application events.';
comment on column events.depth is 'How many workflows stand between this event and the outside world.';
comment on column events.start_count is 'How many executions it started.';
comment on column events.tenant is 'Owner.';
comment on column events.status is 'dispatched, or failed (matching it raised an error; see error).';
comment on column events.operation is 'insert, update, delete, truncate, event or manual.';
comment on column events.type is 'For people: jobs.updated, or the type of an application event.';
comment on column events.actor is 'Who caused it: setting pgwhen.actor, else JWT sub, else session_user.';
comment on column events.key is 'Primary key of the record, as an object.';
comment on column events.new is 'The row after.';
comment on column events.old is 'The row before.';
comment on column events.changed is 'Names of changed columns, for an update.';
comment on column events.input is 'Payload of an application event or a manual start.';
comment on column events.cause is 'Execution that caused it.';
comment on column events.notes is 'What cannot be recomputed: reasons why workflows were not started, capture errors, pairing.';
comment on column events.error is 'Why matching failed.';
create index events_record on events (attachment_id, key);

create table executions (
  execution_id uuid not null,
  event_id uuid not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  parent_execution_id uuid,
  workflow_id integer not null,
  version integer not null,
  trigger_no integer not null,
  attachment_id integer,
  generation integer not null default 1,
  depth integer not null default 0,
  priority smallint not null default 2,
  had_failures boolean not null default false,
  tenant text not null,
  status text not null,
  reason text,
  parent_step_id text,
  concurrency_key text,
  record_key jsonb,
  item jsonb,
  error jsonb,
  primary key (execution_id),
  constraint status_is_known check (status in ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled')),
  constraint priority_is_known check (priority in (1, 2, 3)),
  constraint finished_at_is_set_when_finished check ((finished_at is not null) = (status in ('completed', 'failed', 'cancelled')))
) partition by range (execution_id);
comment on table executions is 'One run of one workflow for one event.';
comment on column executions.execution_id is 'Identity: a function of the workflow and the start key, in the start''s time range. The primary key is what makes an execution exist once.';
comment on column executions.event_id is 'Event that started it.';
comment on column executions.started_at is 'When it was created.';
comment on column executions.finished_at is 'When it ended.';
comment on column executions.parent_execution_id is 'Execution that started it as a child.';
comment on column executions.workflow_id is 'The workflow.';
comment on column executions.version is 'The version it runs, for ever.';
comment on column executions.trigger_no is 'Trigger of the version that fired.';
comment on column executions.attachment_id is 'Table of the record.';
comment on column executions.generation is 'Raised by each retry of an operator.';
comment on column executions.depth is 'How many workflows stand between it and the outside world.';
comment on column executions.priority is '1 high, 2 normal, 3 low.';
comment on column executions.had_failures is 'A step failed and the execution went on.';
comment on column executions.tenant is 'Owner.';
comment on column executions.status is 'pending, running, waiting, completed, failed or cancelled.';
comment on column executions.reason is 'Why it is in this state, in words.';
comment on column executions.parent_step_id is 'Step of the parent that started it.';
comment on column executions.concurrency_key is 'Executions with the same key share a limit.';
comment on column executions.record_key is 'Primary key of the record, as an object.';
comment on column executions.item is 'Item of a loop, for a child.';
comment on column executions.error is 'Error that ended it: code, message, step.';

create table execution_steps (
  execution_id uuid not null,
  queued_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  generation integer not null default 1,
  attempt integer not null default 0,
  tries integer not null default 0,
  part integer not null default 0,
  step_id text not null,
  status text not null,
  outcome text,
  reason text,
  output jsonb,
  error jsonb,
  primary key (execution_id, step_id, part),
  constraint status_is_known check (status in ('ready', 'held', 'queued', 'claimed', 'sending', 'uncertain', 'sleeping', 'waiting',
    'completed', 'failed', 'skipped', 'not_reached', 'cancelled'))
) partition by range (execution_id);
comment on table execution_steps is 'One step of one execution.';
comment on column execution_steps.execution_id is 'The execution.';
comment on column execution_steps.queued_at is 'When the step began: what the step sees as now.';
comment on column execution_steps.started_at is 'When its last attempt was claimed.';
comment on column execution_steps.finished_at is 'When it settled.';
comment on column execution_steps.generation is 'Raised by an operator''s retry; part of the idempotency key.';
comment on column execution_steps.attempt is 'Number of claims: a result from an earlier claim is late and changes nothing.';
comment on column execution_steps.tries is 'Attempts that count for the retry policy, in this generation.';
comment on column execution_steps.part is '0 for the step itself; further messages of a step have their own.';
comment on column execution_steps.step_id is 'The step.';
comment on column execution_steps.status is 'ready, held, queued, claimed, sending, uncertain, sleeping, waiting, completed, failed, skipped, not_reached or cancelled.';
comment on column execution_steps.outcome is 'Which edges fire: success, error, true or false; null where none does.';
comment on column execution_steps.reason is 'Why it is in this state, in words.';
comment on column execution_steps.output is 'What later steps see as steps.<id>.output.';
comment on column execution_steps.error is 'Last error: class, code, message.';

create table frozen_messages (
  execution_id uuid not null,
  frozen_at timestamptz not null,
  generation integer not null,
  part integer not null,
  step_id text not null,
  channel text not null,
  connection text,
  batch_id uuid,
  recipients text[] not null default '{}',
  message jsonb not null,
  primary key (execution_id, step_id, generation, part)
) partition by range (execution_id);
comment on table frozen_messages is 'What is sent, byte for byte, fixed before the first attempt and the same for all; free of secrets.';
comment on column frozen_messages.execution_id is 'The execution.';
comment on column frozen_messages.frozen_at is 'When it was fixed.';
comment on column frozen_messages.generation is 'An operator''s retry makes a new message.';
comment on column frozen_messages.part is 'Message of the step.';
comment on column frozen_messages.step_id is 'The step.';
comment on column frozen_messages.channel is 'email, sms or http.';
comment on column frozen_messages.connection is 'Connection that it leaves by.';
comment on column frozen_messages.batch_id is 'Messages that leave in one call share it.';
comment on column frozen_messages.recipients is 'Addresses, for limits and suppressions.';
comment on column frozen_messages.message is 'The message. A secret is a reference: an object {"$secret": "env:NAME"}.';

create table attempts (
  execution_id uuid not null,
  started_at timestamptz,
  finished_at timestamptz not null,
  generation integer not null,
  attempt integer not null,
  part integer not null,
  late boolean not null default false,
  step_id text not null,
  class text not null,
  provider_message_id text,
  error jsonb,
  answer jsonb,
  primary key (execution_id, step_id, generation, part, attempt),
  constraint class_is_known check (class in ('ok', 'permanent', 'transient', 'throttled', 'auth', 'uncertain'))
) partition by range (execution_id);
comment on table attempts is 'Attempts to perform an action, one row each when its result is known or its lease has run out while sending.';
comment on column attempts.execution_id is 'The execution.';
comment on column attempts.started_at is 'When it was sent.';
comment on column attempts.finished_at is 'When the answer came, or the lease ran out.';
comment on column attempts.generation is 'Generation of the step.';
comment on column attempts.attempt is 'Number of the claim.';
comment on column attempts.part is 'Message of the step.';
comment on column attempts.late is 'The result came after the lease was lost: recorded, nothing follows from it.';
comment on column attempts.step_id is 'The step.';
comment on column attempts.class is 'ok, permanent, transient, throttled, auth or uncertain.';
comment on column attempts.provider_message_id is 'The provider''s id of the message.';
comment on column attempts.error is 'Code and message, for all classes but ok.';
comment on column attempts.answer is 'Status and, cut short, what the provider said.';

create table logs (
  log_id uuid not null,
  at timestamptz not null,
  execution_id uuid not null,
  level text not null,
  tenant text not null,
  step_id text,
  message text not null,
  data jsonb,
  primary key (log_id),
  constraint level_is_known check (level in ('debug', 'info', 'warning', 'error'))
) partition by range (log_id);
comment on table logs is 'Remarks on executions that their steps and attempts do not show.';
comment on column logs.log_id is 'Identity, ordered by time.';
comment on column logs.at is 'When.';
comment on column logs.execution_id is 'The execution.';
comment on column logs.level is 'debug, info, warning or error.';
comment on column logs.tenant is 'Owner.';
comment on column logs.step_id is 'The step, if it concerns one.';
comment on column logs.message is 'In words.';
comment on column logs.data is 'Details.';
create index logs_execution on logs (execution_id);

-- ---------------------------------------------------------------- hot state: insert and delete only

create table start_keys (
  source text not null,
  key text not null,
  event_id uuid not null,
  taken_at timestamptz not null default now(),
  primary key (source, key)
);
comment on table start_keys is 'Keys from outside that may start something once: the p_key of emit_event and start_execution.';
comment on column start_keys.source is 'Tenant and type of the event, or workflow.';
comment on column start_keys.key is 'The caller''s key.';
comment on column start_keys.event_id is 'Event that took it.';
comment on column start_keys.taken_at is 'When.';

create table unfinished (
  execution_id uuid primary key,
  workflow_id integer not null,
  version integer not null
);
comment on table unfinished is 'Executions that have not ended.';
comment on column unfinished.execution_id is 'The execution.';
comment on column unfinished.workflow_id is 'Its workflow.';
comment on column unfinished.version is 'Its version.';

create table failures (
  execution_id uuid not null,
  generation integer not null,
  workflow_id integer not null,
  failed_at timestamptz not null,
  step_id text not null,
  primary key (execution_id, step_id, generation)
);
comment on table failures is 'Failed steps that nobody has retried.';
comment on column failures.execution_id is 'The execution.';
comment on column failures.generation is 'Generation of the step that failed.';
comment on column failures.workflow_id is 'The workflow.';
comment on column failures.failed_at is 'When.';
comment on column failures.step_id is 'The step.';

create table sleepers (
  execution_id uuid not null,
  due_at timestamptz not null,
  part integer not null default 0,
  step_id text not null,
  purpose text not null,
  primary key (execution_id, step_id, part, purpose),
  constraint purpose_is_known check (purpose in ('delay', 'timeout', 'remind', 'escalate', 'retry'))
);
comment on table sleepers is 'Steps that go on at a time.';
comment on column sleepers.execution_id is 'The execution.';
comment on column sleepers.due_at is 'When.';
comment on column sleepers.part is 'Message of the step.';
comment on column sleepers.step_id is 'The step.';
comment on column sleepers.purpose is 'delay, timeout, remind, escalate or retry.';
create index sleepers_due on sleepers (due_at);

create table ready (
  seq bigint generated always as identity,
  execution_id uuid not null,
  queued_at timestamptz not null,
  part integer not null default 0,
  generation integer not null,
  priority smallint not null,
  tenant text not null,
  step_id text not null,
  primary key (tenant, priority, seq)
);
comment on table ready is 'Actions that wait for admission to the queue, taken in turn by tenant and priority.';
comment on column ready.seq is 'Order of arrival.';
comment on column ready.execution_id is 'The execution.';
comment on column ready.queued_at is 'Since when it waits.';
comment on column ready.part is 'Message of the step.';
comment on column ready.generation is 'Generation of the step.';
comment on column ready.priority is '1 high, 2 normal, 3 low.';
comment on column ready.tenant is 'Owner.';
comment on column ready.step_id is 'The step.';
create index ready_execution on ready (execution_id);

create table held (
  execution_id uuid not null,
  held_at timestamptz not null,
  part integer not null default 0,
  generation integer not null,
  tenant text not null,
  step_id text not null,
  connection text,
  reason text not null,
  primary key (execution_id, step_id, part)
);
comment on table held is 'Actions that wait for a person or a switch.';
comment on column held.execution_id is 'The execution.';
comment on column held.held_at is 'Since when.';
comment on column held.part is 'Message of the step.';
comment on column held.generation is 'Generation of the step.';
comment on column held.tenant is 'Owner.';
comment on column held.step_id is 'The step.';
comment on column held.connection is 'Paused connection that it waits for.';
comment on column held.reason is 'Why.';
create index held_connection on held (tenant, connection);

create table waits (
  execution_id uuid not null,
  attachment_id integer,
  step_id text not null,
  event_type text,
  key jsonb,
  primary key (execution_id, step_id)
);
comment on table waits is 'Steps that wait for an event.';
comment on column waits.execution_id is 'The execution.';
comment on column waits.attachment_id is 'Table whose change it waits for.';
comment on column waits.step_id is 'The step.';
comment on column waits.event_type is 'Application event that it waits for.';
comment on column waits.key is 'Record that it waits for.';
create index waits_record on waits (attachment_id, key);

-- ---------------------------------------------------------------- what the poller exchanges: never change, use extra

create type claimed_action as (
  execution_id uuid, step_id text, generation integer, part integer, attempt integer, message_id bigint,
  tenant text, workflow text, type text, definition jsonb, context jsonb, frozen jsonb, connection text,
  idempotency_key text, timeout_seconds double precision, lease_until timestamptz, extra jsonb
);
comment on type claimed_action is 'An action that a poller may perform until lease_until. frozen and connection are set from the second attempt on, definition and context before.';

create type frozen_message as (
  execution_id uuid, step_id text, generation integer, part integer, attempt integer, message_id bigint,
  channel text, connection text, recipients text[], message jsonb, batch_id uuid, extra jsonb
);
comment on type frozen_message is 'What a poller is about to send. A message that was frozen before is given without message.';

create type freeze_verdict as (
  execution_id uuid, step_id text, part integer, attempt integer, verdict text, until timestamptz, reason text, extra jsonb
);
comment on type freeze_verdict is 'Answer to a frozen_message: send, suppressed, deferred (until), held (reason) or lost (the lease is gone). Only send is sent.';

create type action_report as (
  execution_id uuid, step_id text, generation integer, part integer, attempt integer, message_id bigint,
  class text, output jsonb, error jsonb, answer jsonb, provider_message_id text, retry_after_seconds double precision,
  started_at timestamptz, finished_at timestamptz, extra jsonb
);
comment on type action_report is 'Result of one attempt. class is ok, permanent, transient, throttled, auth or uncertain; error is {code, message}.';

create type step_ref as (execution_id uuid, step_id text);
comment on type step_ref is 'A step of an execution, as the engine''s functions pass them in arrays.';

create type event_message as (
  message_id bigint, event_id uuid, occurred_at timestamptz, message jsonb
);
comment on type event_message is 'A message of the queue pgwhen_events, as dispatch takes it.';

-- ---------------------------------------------------------------- partitions and row security

do $$
declare
  v_table text;
  v_partition text;
  v_week timestamptz := date_trunc('week', now() at time zone 'UTC') at time zone 'UTC';
  v_from timestamptz;
  v_fillfactor integer;
begin
  foreach v_table in array array['events', 'executions', 'execution_steps', 'frozen_messages', 'attempts', 'logs'] loop
    -- Half of a page stays free, so that a batch in which every row of it changes still makes HOT updates.
    v_fillfactor := case when v_table in ('executions', 'execution_steps') then 50 else 100 end;
    execute format('create table %I partition of %I default with (fillfactor = %s)', v_table || '_default', v_table, v_fillfactor);
    for v_weeks in 0..4 loop
      v_from := v_week + v_weeks * interval '7 days';
      v_partition := v_table || '_' || to_char(v_from at time zone 'UTC', 'IYYY"w"IW');
      execute format('create table %I partition of %I for values from (%L) to (%L) with (fillfactor = %s)', v_partition, v_table,
        (lpad(to_hex((extract(epoch from v_from) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid,
        (lpad(to_hex((extract(epoch from v_from + interval '7 days') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid, v_fillfactor);
      execute format('comment on table %I is %L', v_partition, 'One week of ' || v_table || '.');
    end loop;
    execute format('comment on table %I is %L', v_table || '_default', 'Rows of ' || v_table || ' outside all weeks.');
  end loop;
  for v_table in select c.relname from pg_class c where c.relnamespace = 'pgwhen'::regnamespace and c.relkind in ('r', 'p')
      and c.relname !~ '^_?yoyo' loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_table);
  end loop;
end $$;
