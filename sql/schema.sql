-- What the migrations make, for readers and diffs. Written by `make schema`; nothing applies it.
-- Partitions, row security (forced everywhere, one policy, for pgwhen_owner) and yoyo's tables are left out.

-- When each workflow was active or paused: an event starts the workflows that were active when it occurred.
create table activations (
  workflow_id integer not null,  -- The workflow.
  from_at timestamp with time zone not null,  -- Begin of the period.
  until_at timestamp with time zone,  -- End of the period; null while it lasts.
  status text not null,  -- active, or paused (its events are recorded as skipped).
  constraint activations_pkey PRIMARY KEY (workflow_id, from_at),
  constraint activations_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(workflow_id),
  constraint status_is_active_or_paused CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text]))),
  constraint until_is_not_before_from CHECK ((until_at >= from_at))
);

-- Messages of approval steps: each is a part of its step, sent as any action is.
create table approval_messages (
  approval_id uuid not null,  -- The approval.
  part integer not null,  -- Part of the step, from 1.
  number integer not null default 1,  -- Which reminder it is, from 1.
  kind text not null,  -- request, reminder or escalation.
  type text not null,  -- email or sms.
  approver text not null,  -- Whom it goes to.
  constraint approval_messages_pkey PRIMARY KEY (approval_id, part),
  constraint approval_messages_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval_requests(approval_id) ON DELETE CASCADE,
  constraint kind_is_known CHECK ((kind = ANY (ARRAY['request'::text, 'reminder'::text, 'escalation'::text]))),
  constraint type_is_known CHECK ((type = ANY (ARRAY['email'::text, 'sms'::text])))
);

-- What approval steps ask, a row each time one is begun. They stay as long as their execution.
create table approval_requests (
  approval_id uuid not null,  -- Identity, for people and links.
  execution_id uuid not null,  -- The execution that waits.
  requested_at timestamp with time zone not null,  -- When it was asked.
  expires_at timestamp with time zone,  -- Until when it may be decided; null without an end.
  closed_at timestamp with time zone,  -- When it was decided or ended otherwise; null while it is open.
  generation integer not null,  -- Generation of the step.
  reminder_count integer not null default 0,  -- How often it was reminded of.
  in_sequence boolean not null,  -- Whether the approvers are asked one after the other.
  tenant text not null,  -- Owner.
  step_id text not null,  -- The approval step.
  need text not null,  -- How many have to approve: a number, all, or majority.
  requester text,  -- Who caused the event and may therefore not decide; null where the step allows it.
  outcome text,  -- approved, rejected, timed_out, failed, or cancelled (the execution ended first); null while it is open.
  closed_by text,  -- Approver whose vote decided it.
  constraint approval_requests_pkey PRIMARY KEY (approval_id),
  constraint approval_requests_execution_id_step_id_generation_key UNIQUE (execution_id, step_id, generation),
  constraint approval_requests_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint need_is_known CHECK (((need = ANY (ARRAY['all'::text, 'majority'::text])) OR (need ~ '^[1-9][0-9]{0,2}$'::text))),
  constraint outcome_is_known CHECK ((outcome = ANY (ARRAY['approved'::text, 'rejected'::text, 'timed_out'::text, 'cancelled'::text, 'failed'::text]))),
  constraint outcome_is_set_when_closed CHECK (((outcome IS NOT NULL) = (closed_at IS NOT NULL)))
);
CREATE INDEX approval_requests_open ON approval_requests USING btree (tenant, requested_at) WHERE (closed_at IS NULL);

-- Who may decide an approval, with their vote: one for each of them.
create table approvers (
  approval_id uuid not null,  -- The approval.
  token uuid not null,  -- What a link in the message to this approver carries: who knows only the approval cannot make it up.
  asked_at timestamp with time zone,  -- Since when they may vote; null until it is their turn.
  decided_at timestamp with time zone,  -- When they voted.
  withdrawn_at timestamp with time zone,  -- When they handed it on or were replaced; they may no longer vote.
  place integer not null,  -- Their turn, where the approvers are asked in sequence.
  approver text not null,  -- Name for people and for --by: their e-mail address, user or telephone number.
  user_name text,  -- Database login by which they vote themselves; null where they are known by an address only.
  role_name text,  -- Database role that they were asked as a member of.
  email text,  -- Where e-mails to them go.
  phone text,  -- Where text messages to them go.
  decision text,  -- approved or rejected; null while they have not voted.
  decided_by text,  -- Who really voted: the approver, or an operator on their behalf.
  comment text,  -- What they said.
  withdrawn_because text,  -- Why they may no longer vote.
  form jsonb,  -- What they filled in.
  constraint approvers_pkey PRIMARY KEY (approval_id, approver),
  constraint approvers_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES approval_requests(approval_id) ON DELETE CASCADE,
  constraint decided_at_is_set_when_decided CHECK (((decision IS NOT NULL) = (decided_at IS NOT NULL))),
  constraint decision_is_known CHECK ((decision = ANY (ARRAY['approved'::text, 'rejected'::text]))),
  constraint withdrawn_have_no_vote CHECK (((withdrawn_at IS NULL) OR (decision IS NULL)))
);

-- Events that came for a wait and are to be judged.
create table arrivals (
  execution_id uuid not null,  -- The execution that waits.
  event_id uuid not null,  -- The event.
  step_id text not null,  -- The step that waits, as in waits.
  constraint arrivals_pkey PRIMARY KEY (execution_id, step_id, event_id)
);

-- Tables whose changes are captured. Triggers carry the attachment_id, never an oid, so that tables can be renamed, dumped and restored.
create table attachments (
  attachment_id integer not null generated always as identity,  -- Identity; the argument of the table's triggers.
  tenant text not null default 'default'::text,  -- Tenant that the table's events belong to.
  schema_name text not null,  -- Schema, as last seen.
  table_name text not null,  -- Table, as last seen: follows a rename.
  alias text not null,  -- Name of a record of this table in workflows: the singular of the table unless attach was given another.
  key_columns text[] not null,  -- Columns of the primary key, in key order; empty where there is none.
  excluded_columns text[] not null default '{}'::text[],  -- Columns that never enter an event.
  doorbell boolean not null default true,  -- Whether a write wakes a sleeping poller at once; false where two-phase commit is used.
  attached_at timestamp with time zone not null default now(),  -- When it was attached.
  attached_by text not null default SESSION_USER,  -- Who attached it.
  detached_at timestamp with time zone,  -- When it was detached; null while attached.
  operations text[] not null default '{}'::text[],  -- Operations that somebody waits for (insert, update, delete, truncate); capture of others costs one look-up. Kept by publish, pause, resume and archive.
  constraint attachments_pkey PRIMARY KEY (attachment_id),
  constraint attachments_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint operations_are_known CHECK ((operations <@ ARRAY['insert'::text, 'update'::text, 'delete'::text, 'truncate'::text]))
) with (fillfactor=10);
CREATE UNIQUE INDEX attachments_name ON attachments USING btree (schema_name, table_name) WHERE (detached_at IS NULL);

-- Attempts to perform an action, one row each when its result is known or its lease has run out while sending.
create table attempts (
  execution_id uuid not null,  -- The execution.
  started_at timestamp with time zone,  -- When it was sent.
  finished_at timestamp with time zone not null,  -- When the answer came, or the lease ran out.
  generation integer not null,  -- Generation of the step.
  attempt integer not null,  -- Number of the claim.
  part integer not null,  -- Message of the step.
  late boolean not null default false,  -- The result came after the lease was lost: recorded, nothing follows from it.
  step_id text not null,  -- The step.
  class text not null,  -- ok, permanent, transient, throttled, auth or uncertain.
  provider_message_id text,  -- The provider's id of the message.
  error jsonb,  -- Code and message, for all classes but ok.
  answer jsonb,  -- Status and, cut short, what the provider said.
  constraint attempts_pkey PRIMARY KEY (execution_id, step_id, generation, part, attempt),
  constraint class_is_known CHECK ((class = ANY (ARRAY['ok'::text, 'permanent'::text, 'transient'::text, 'throttled'::text, 'auth'::text, 'uncertain'::text])))
) partition by range (execution_id);

-- What operators and authors did: one row a command and target.
create table audit_log (
  audit_id bigint not null generated always as identity,  -- Order of writing.
  at timestamp with time zone not null,  -- When.
  actor text not null,  -- Who: the setting pgwhen.actor, else session_user.
  tenant text not null,  -- The tenant concerned.
  command text not null,  -- The function called: retry_executions, pause_workflow, ...
  target text not null,  -- What it was done to: an execution, a workflow, a connection.
  reason text,  -- Why, in the operator's words.
  detail jsonb not null default '{}'::jsonb,  -- Arguments and what changed.
  constraint audit_log_pkey PRIMARY KEY (audit_id)
);
CREATE INDEX audit_log_target ON audit_log USING btree (target);

-- Records for which a backfill has started a workflow: once for each, however often it is asked for.
create table backfills (
  workflow_id integer not null,  -- The workflow.
  attachment_id integer not null,  -- Table of the record.
  key jsonb not null,  -- Primary key of the record, as an object.
  event_id uuid not null,  -- Event that the backfill made for it.
  constraint backfills_pkey PRIMARY KEY (workflow_id, attachment_id, key),
  constraint backfills_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES attachments(attachment_id),
  constraint backfills_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(workflow_id) ON DELETE CASCADE
);

-- What the callbacks of a connection are verified with. No secret: public keys, or the two states of HMAC from which its key cannot be told.
create table callback_keys (
  tenant text not null,  -- Owner of the connection.
  connection text not null,  -- Name of the connection.
  fingerprint text not null,  -- Identity of the key, for people: the beginning of the hash of its verifier.
  provider text not null,  -- Provider whose callbacks it verifies.
  verifier jsonb not null,  -- {scheme: hmac-sha256 | hmac-sha1, inner, outer} or {scheme: p256 | ed25519, public_key}; bytes as hex digits.
  made_at timestamp with time zone not null,  -- When it was set.
  made_by text not null,  -- By whom.
  constraint callback_keys_pkey PRIMARY KEY (tenant, connection, fingerprint),
  constraint callback_keys_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant)
);

-- Random text by which capture knows that the cause of a write was set by a database step, and by no session of the application.
create table cause_key (
  only_one boolean not null default true,  -- True: there is one row.
  key text not null,  -- The text. It never leaves the database.
  constraint cause_key_pkey PRIMARY KEY (only_one),
  constraint there_is_only_one CHECK (only_one)
);

-- Executions whose end a step of another one waits for.
create table children (
  parent_execution_id uuid not null,  -- The execution that waits.
  execution_id uuid not null,  -- The child.
  parent_step_id text not null,  -- The loop or start step that waits.
  constraint children_pkey PRIMARY KEY (parent_execution_id, parent_step_id, execution_id)
);

-- Clocks of connections that have a rate, a limit of messages at a time, or an open circuit breaker.
create table connection_clocks (
  next_at timestamp with time zone not null default '-infinity'::timestamp with time zone,  -- When the next message would leave if none could leave early; the further ahead, the more of the rate is used up.
  last_turn_at timestamp with time zone not null default '-infinity'::timestamp with time zone,  -- Latest of the turns that were given to messages that wait for the rate.
  tenant text not null,  -- Owner of the connection.
  name text not null,  -- The connection.
  constraint connection_clocks_pkey PRIMARY KEY (tenant, name)
) with (fillfactor=50);

-- The state of the defined connections as one number, which pollers compare with what they know.
create table connection_revisions (
  only_one boolean not null default true,  -- True: there is one row.
  revision bigint not null,  -- Microseconds of the last change since 1970, or one more than before: a restored database has other numbers.
  constraint connection_revisions_pkey PRIMARY KEY (only_one),
  constraint there_is_one_row CHECK (only_one)
);

-- Messages on their way by connections of which only so many may be. A row counts while its message is leased in the queue, so that neither an answer nor a poller that dies has to give it back.
create table connection_slots (
  message_id bigint not null,  -- Message in the queue pgwhen_actions.
  is_probe boolean not null default false,  -- Whether it is the one message by which a half-open circuit breaker finds out.
  tenant text not null,  -- Owner of the connection.
  name text not null,  -- The connection.
  constraint connection_slots_pkey PRIMARY KEY (message_id)
);
CREATE INDEX connection_slots_name ON connection_slots USING btree (tenant, name);

-- Messages that wait for the rate of their connection. A turn keeps those who have waited from waiting behind those who come.
create table connection_turns (
  execution_id uuid not null,  -- The execution.
  turn_at timestamp with time zone not null,  -- When it is its turn.
  part integer not null,  -- Message of the step.
  tenant text not null,  -- Owner of the connection.
  name text not null,  -- The connection.
  step_id text not null,  -- The step.
  constraint connection_turns_pkey PRIMARY KEY (execution_id, step_id, part)
);
CREATE INDEX connection_turns_time ON connection_turns USING btree (turn_at);

-- Configured providers, those from a poller's environment too. Secrets are never here.
create table connections (
  tenant text not null,  -- Owner.
  name text not null,  -- Name that steps use; from the environment it is the provider's name.
  channel text not null,  -- Type of the steps that it serves: email, sms, push, chat ...
  provider text not null,  -- Who performs them; the pollers know what that takes.
  status text not null default 'active'::text,  -- active, or paused (nothing is sent, work is held).
  reason text,  -- Why it is paused.
  throttled_until timestamp with time zone,  -- The clock that all pollers share: nothing is sent before.
  settings jsonb not null default '{}'::jsonb,  -- What is not secret: names and texts, such as from and base_url.
  updated_at timestamp with time zone not null,  -- Last change.
  origin text not null default 'environment'::text,  -- defined (by add_connection), or environment (a poller has it in its environment).
  secrets jsonb not null default '{}'::jsonb,  -- References by name: {"key": "env:NAME"} or {"key": "file:/PATH"}, which pollers read when they send. Never a value.
  is_default boolean not null default false,  -- Steps of its channel that name no connection leave by it.
  rate_limit integer,  -- Messages per rate_seconds, at most; null is without limit.
  rate_seconds double precision,  -- Length of the period of rate_limit, in seconds.
  concurrency integer,  -- Messages on their way at a time, at most, of all pollers together; null is without limit.
  failures integer not null default 0,  -- Failures of the connection itself, one after the other; the circuit breaker counts them.
  opened_until timestamp with time zone,  -- Until when its circuit breaker keeps messages back; null while it is closed.
  revision bigint,  -- connection_revisions.revision at its last change by a person; null for one from the environment.
  constraint connections_pkey PRIMARY KEY (tenant, name),
  constraint connections_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint concurrency_is_positive CHECK ((concurrency > 0)),
  constraint failures_are_counted CHECK ((failures >= 0)),
  constraint limits_are_positive CHECK ((((rate_limit > 0) AND (rate_seconds > (0)::double precision)) OR (rate_limit IS NULL))),
  constraint only_defined_ones_are_defaults CHECK (((origin = 'defined'::text) OR (NOT is_default))),
  constraint only_defined_ones_have_secrets CHECK (((origin = 'defined'::text) OR (secrets = '{}'::jsonb))),
  constraint origin_is_known CHECK ((origin = ANY (ARRAY['environment'::text, 'defined'::text]))),
  constraint rate_has_a_period CHECK (((rate_limit IS NULL) = (rate_seconds IS NULL))),
  constraint status_is_active_or_paused CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text])))
);
CREATE UNIQUE INDEX one_default_per_tenant_and_channel ON connections USING btree (tenant, channel) WHERE is_default;

-- What providers told of messages after they had accepted them: one row an event, each once.
create table deliveries (
  delivery_id bigint not null generated always as identity,  -- Order of arrival.
  received_at timestamp with time zone not null,  -- When it came.
  at timestamp with time zone not null,  -- When it happened, as the provider says.
  execution_id uuid,  -- Execution whose message it is; null where the provider did not give our key back.
  event_id uuid,  -- Event that told workflows; null where none could use it.
  generation integer,  -- Generation of the step.
  part integer,  -- Message of the step.
  tenant text not null,  -- Owner: the execution's tenant, else the connection's.
  connection_tenant text not null,  -- Owner of the connection: the tenant itself, or default.
  connection text not null,  -- Connection whose provider told it.
  provider text not null,  -- The provider.
  channel text not null,  -- email or sms.
  provider_event_id text not null,  -- The provider's id of the event, or what identifies it where it has none: recorded once for a connection.
  nonce text,  -- What the provider signed for one use; null where its signatures have a time alone.
  provider_message_id text,  -- The provider's id of the message.
  step_id text,  -- The step.
  status text not null,  -- accepted, delivered, failed, bounced, opened, clicked, unsubscribed or complained; received for a text message from a person.
  event text not null,  -- The provider's word for it.
  address text,  -- Recipient; the sender of what was received.
  detail jsonb not null default '{}'::jsonb,  -- What else was told, cut short: code, message, link.
  constraint deliveries_pkey PRIMARY KEY (delivery_id),
  constraint deliveries_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint status_is_known CHECK ((status = ANY (ARRAY['accepted'::text, 'delivered'::text, 'failed'::text, 'bounced'::text, 'opened'::text, 'clicked'::text, 'unsubscribed'::text, 'complained'::text, 'received'::text])))
);
CREATE INDEX deliveries_address ON deliveries USING btree (lower(address));
CREATE UNIQUE INDEX deliveries_event ON deliveries USING btree (connection_tenant, connection, provider_event_id);
CREATE UNIQUE INDEX deliveries_nonce ON deliveries USING btree (connection_tenant, connection, nonce) WHERE (nonce IS NOT NULL);
CREATE INDEX deliveries_received ON deliveries USING btree (received_at);
CREATE INDEX deliveries_step ON deliveries USING btree (execution_id, step_id) WHERE (execution_id IS NOT NULL);
CREATE INDEX deliveries_unmatched ON deliveries USING btree (provider_message_id) WHERE (execution_id IS NULL);

-- What a digest has collected.
create table digest_items (
  digest_id uuid not null,  -- The digest.
  execution_id uuid not null,  -- Execution that it came from.
  collected_at timestamp with time zone not null,  -- When.
  generation integer not null,  -- Generation of the step.
  step_id text not null,  -- The notification step.
  item jsonb not null,  -- The row or input that started the execution, as notification.items shows it.
  constraint digest_items_pkey PRIMARY KEY (digest_id, execution_id, step_id),
  constraint digest_items_digest_id_fkey FOREIGN KEY (digest_id) REFERENCES digests(digest_id) ON DELETE CASCADE
);

-- What is told to a recipient in one message at the end of a window: one row a workflow, recipient, key and window.
create table digests (
  digest_id uuid not null,  -- Identity.
  ends_at timestamp with time zone not null,  -- When the window ends and the message leaves.
  sent_by uuid,  -- Execution whose step sends it; null before the end of the window.
  workflow_id integer not null,  -- The workflow.
  tenant text not null,  -- Owner.
  recipient text not null,  -- Who is told.
  key text not null,  -- What is collected together besides; empty unless the step says.
  constraint digests_pkey PRIMARY KEY (digest_id),
  constraint digests_workflow_id_tenant_recipient_key_ends_at_key UNIQUE (workflow_id, tenant, recipient, key, ends_at),
  constraint digests_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint digests_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(workflow_id)
);

-- What document and calendar steps made, until its execution is dropped.
create table documents (
  execution_id uuid not null,  -- The execution.
  document_id uuid not null,  -- The document; made from the idempotency key of its step, so that each attempt makes the same one.
  created_at timestamp with time zone not null,  -- When it was stored.
  generation integer not null,  -- An operator's retry makes a new document.
  size integer not null,  -- Bytes.
  tenant text not null,  -- Whose it is.
  step_id text not null,  -- The step.
  file text not null,  -- File name, without a folder.
  media_type text not null,  -- application/pdf, text/html; charset=utf-8, text/calendar; ...
  sha256 text not null,  -- SHA-256 of the content, in hexadecimal digits.
  content bytea not null,  -- The bytes. Stored without compression: PDFs are compressed as they are.
  constraint documents_pkey PRIMARY KEY (execution_id, document_id),
  constraint size_is_that_of_the_content CHECK ((size = octet_length(content)))
) partition by range (execution_id);
CREATE INDEX documents_by_id ON ONLY documents USING btree (document_id);

-- Edges of a version's graph. An edge fires when its source settles with its outcome, and dies otherwise.
create table edges (
  workflow_id integer not null,  -- The workflow.
  version integer not null,  -- Its version.
  source text not null,  -- Step that it leaves.
  target text not null,  -- Step that it enters.
  outcome text not null,  -- Outcome of the source that fires it: success, error, true, case:gold, part:a, approved, ... (docs/workflows.md).
  arm text,  -- Where the target does not wait for all: edges of one arm count as one. Null otherwise.
  constraint edges_pkey PRIMARY KEY (workflow_id, version, source, outcome, target),
  constraint edges_workflow_id_version_fkey FOREIGN KEY (workflow_id, version) REFERENCES versions(workflow_id, version)
);
CREATE INDEX edges_target ON edges USING btree (workflow_id, version, target);

-- Receivers of outgoing webhooks. Their secrets are never here: only where pollers find them.
create table endpoints (
  tenant text not null,  -- Owner.
  name text not null,  -- Name that webhook steps use.
  url text not null,  -- Address that webhooks are posted to.
  secrets jsonb not null,  -- References of its secrets, the newest first: {reference, added_at, expires_at}; expires_at is null for the newest, and the end of the rotation for others.
  status text not null default 'active'::text,  -- active, or disabled (nothing is sent, work is held).
  reason text,  -- Why it is disabled.
  disabled_at timestamp with time zone,  -- Since when it is disabled; null while it is active.
  failing_since timestamp with time zone,  -- First failure after its last success; null while it works. Written when that changes, not with every webhook.
  throttled_until timestamp with time zone,  -- The receiver asked for patience (Retry-After): nothing is sent before.
  created_at timestamp with time zone not null,  -- When it was added.
  updated_at timestamp with time zone not null,  -- Last change.
  constraint endpoints_pkey PRIMARY KEY (tenant, name),
  constraint endpoints_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint disabled_at_goes_with_disabled CHECK (((status = 'disabled'::text) = (disabled_at IS NOT NULL))),
  constraint name_is_an_identifier CHECK ((name ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
  constraint secrets_is_a_list CHECK ((jsonb_typeof(secrets) = 'array'::text)),
  constraint status_is_active_or_disabled CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);

-- What happened, once per changed row or emitted event, written when it is dispatched.
create table events (
  event_id uuid not null,  -- Identity: time of occurrence and message number.
  occurred_at timestamp with time zone not null,  -- When it happened.
  dispatched_at timestamp with time zone not null,  -- When it was matched to workflows.
  attachment_id integer,  -- Attached table; null for application events.
  depth integer not null default 0,  -- How many workflows stand between this event and the outside world.
  start_count integer not null default 0,  -- How many executions it started.
  tenant text not null,  -- Owner.
  status text not null default 'dispatched'::text,  -- dispatched, or failed (matching it raised an error; see error).
  operation text not null,  -- insert, update, delete, truncate, event or manual.
  type text not null,  -- For people: jobs.updated, or the type of an application event.
  actor text,  -- Who caused it: setting pgwhen.actor, else JWT sub, else session_user.
  key jsonb,  -- Primary key of the record, as an object.
  new jsonb,  -- The row after.
  old jsonb,  -- The row before.
  changed text[],  -- Names of changed columns, for an update.
  input jsonb,  -- Payload of an application event or a manual start.
  cause jsonb,  -- Execution that caused it.
  notes jsonb,  -- What cannot be recomputed: reasons why workflows were not started, capture errors, pairing.
  error jsonb,  -- Why matching failed.
  constraint events_pkey PRIMARY KEY (event_id),
  constraint operation_is_known CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'truncate'::text, 'event'::text, 'manual'::text, 'unknown'::text]))),
  constraint status_is_known CHECK ((status = ANY (ARRAY['dispatched'::text, 'failed'::text])))
) partition by range (event_id);
CREATE INDEX events_record ON ONLY events USING btree (attachment_id, key);

-- One step of one execution.
create table execution_steps (
  execution_id uuid not null,  -- The execution.
  queued_at timestamp with time zone not null,  -- When the step began: what the step sees as now.
  started_at timestamp with time zone,  -- When its last attempt was claimed.
  finished_at timestamp with time zone,  -- When it settled.
  generation integer not null default 1,  -- Raised by an operator's retry; part of the idempotency key.
  attempt integer not null default 0,  -- Number of claims: a result from an earlier claim is late and changes nothing.
  tries integer not null default 0,  -- Attempts that count for the retry policy, in this generation.
  part integer not null default 0,  -- 0 for the step itself; further messages of a step have their own.
  step_id text not null,  -- The step.
  status text not null,  -- ready, held, queued, claimed, sending, uncertain, sleeping, waiting, completed, failed, skipped, not_reached or cancelled.
  outcome text,  -- Which edges fire: those of this outcome; null where none does.
  reason text,  -- Why it is in this state, in words.
  output jsonb,  -- What later steps see as steps.<id>.output.
  error jsonb,  -- Last error: class, code, message.
  constraint execution_steps_pkey PRIMARY KEY (execution_id, step_id, part),
  constraint status_is_known CHECK ((status = ANY (ARRAY['ready'::text, 'held'::text, 'queued'::text, 'claimed'::text, 'sending'::text, 'uncertain'::text, 'sleeping'::text, 'waiting'::text, 'completed'::text, 'failed'::text, 'skipped'::text, 'not_reached'::text, 'cancelled'::text])))
) partition by range (execution_id);

-- One run of one workflow for one event.
create table executions (
  execution_id uuid not null,  -- Identity: a function of the workflow and the start key, in the start's time range. The primary key is what makes an execution exist once.
  event_id uuid not null,  -- Event that started it.
  started_at timestamp with time zone not null,  -- When it was created.
  finished_at timestamp with time zone,  -- When it ended.
  parent_execution_id uuid,  -- Execution that started it as a child.
  workflow_id integer not null,  -- The workflow.
  version integer not null,  -- The version it runs, for ever.
  trigger_no integer not null,  -- Trigger of the version that fired.
  attachment_id integer,  -- Table of the record.
  generation integer not null default 1,  -- Raised by each retry of an operator.
  depth integer not null default 0,  -- How many workflows stand between it and the outside world.
  priority smallint not null default 2,  -- 1 high, 2 normal, 3 low.
  had_failures boolean not null default false,  -- A step failed and the execution went on.
  tenant text not null,  -- Owner.
  status text not null,  -- pending, running, waiting, completed, failed or cancelled.
  reason text,  -- Why it is in this state, in words.
  parent_step_id text,  -- Step of the parent that started it.
  concurrency_key text,  -- Executions with the same key share a limit.
  record_key jsonb,  -- Primary key of the record, as an object.
  item jsonb,  -- Item of a loop, for a child.
  error jsonb,  -- Error that ended it: code, message, step.
  body text,  -- Loop step whose body it runs, for an item of a loop; null otherwise.
  item_index integer,  -- Place of the item in its loop, from 0.
  parent_generation integer,  -- Generation of the parent's step that made it: what a retried loop makes is told apart from what it had made before.
  fresh_generation integer not null default 1,  -- Generation since which items of loops that completed need not be done again: that of the latest retry from further back than what failed.
  input jsonb,  -- What an operator gave at a retry in place of the event's input; null where nobody did.
  constraint executions_pkey PRIMARY KEY (execution_id),
  constraint finished_at_is_set_when_finished CHECK (((finished_at IS NOT NULL) = (status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])))),
  constraint priority_is_known CHECK ((priority = ANY (ARRAY[1, 2, 3]))),
  constraint status_is_known CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'waiting'::text, 'completed'::text, 'failed'::text, 'cancelled'::text])))
) partition by range (execution_id);
CREATE INDEX executions_parent ON ONLY executions USING btree (parent_execution_id, parent_step_id, parent_generation, item_index) WHERE (parent_execution_id IS NOT NULL);

-- Failed steps that nobody has retried.
create table failures (
  execution_id uuid not null,  -- The execution.
  generation integer not null,  -- Generation of the step that failed.
  workflow_id integer not null,  -- The workflow.
  failed_at timestamp with time zone not null,  -- When.
  step_id text not null,  -- The step.
  constraint failures_pkey PRIMARY KEY (execution_id, step_id, generation)
);

-- What is sent, byte for byte, fixed before the first attempt and the same for all; free of secrets.
create table frozen_messages (
  execution_id uuid not null,  -- The execution.
  frozen_at timestamp with time zone not null,  -- When it was fixed.
  generation integer not null,  -- An operator's retry makes a new message.
  part integer not null,  -- Message of the step.
  step_id text not null,  -- The step.
  channel text not null,  -- email, sms or http.
  connection text,  -- Connection that it leaves by.
  batch_id uuid,  -- Messages that leave in one call share it. Exactly those that may leave have it: what the freeze took out has none.
  recipients text[] not null default '{}'::text[],  -- Addresses, for limits and suppressions.
  message jsonb not null,  -- The message. A secret is a reference: an object {"$secret": "env:NAME"}.
  deferred interval,  -- How long it was kept back between its attempts, by windows, caps, limits and circuit breakers: retry.within does not count that. Null is not at all.
  batch_place integer,  -- Order within its batch.
  constraint frozen_messages_pkey PRIMARY KEY (execution_id, step_id, generation, part)
) partition by range (execution_id);
CREATE INDEX frozen_messages_batch ON ONLY frozen_messages USING btree (batch_id) WHERE (batch_id IS NOT NULL);

-- What a transaction leaves to the next tick, which alone may touch several executions: to open a wait, go on with a loop, start a child.
create table handovers (
  seq bigint not null generated always as identity,  -- Order of arrival.
  execution_id uuid not null,  -- The execution to go on with.
  step_id text not null,  -- Its step.
  purpose text not null,  -- What is to be done: the name that _handle_handover knows.
  constraint handovers_pkey PRIMARY KEY (seq)
);
CREATE INDEX handovers_execution ON handovers USING btree (execution_id);

-- Actions that wait for a person or a switch.
create table held (
  execution_id uuid not null,  -- The execution.
  held_at timestamp with time zone not null,  -- Since when.
  part integer not null default 0,  -- Message of the step.
  generation integer not null,  -- Generation of the step.
  tenant text not null,  -- Owner.
  step_id text not null,  -- The step.
  connection text,  -- Paused connection that it waits for.
  reason text not null,  -- Why.
  cause text,  -- stale, or the scope of the kill switch that it waits for; null where a connection or a person is waited for.
  constraint held_pkey PRIMARY KEY (execution_id, step_id, part)
);
CREATE INDEX held_connection ON held USING btree (tenant, connection);

-- What may not be claimed now: all actions, those of a tenant, or those of a workflow. What becomes due meanwhile is held.
create table kill_switches (
  scope text not null,  -- all, tenant:NAME or workflow:ID.
  tenant text not null,  -- Tenant whose operator threw it.
  workflow_id integer,  -- The workflow, if it is for one.
  thrown_at timestamp with time zone not null,  -- Since when.
  thrown_by text not null,  -- By whom.
  reason text not null,  -- Why, in the operator's words.
  constraint kill_switches_pkey PRIMARY KEY (scope),
  constraint kill_switches_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint kill_switches_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(workflow_id)
);

-- Remarks on executions that their steps and attempts do not show.
create table logs (
  log_id uuid not null,  -- Identity, ordered by time.
  at timestamp with time zone not null,  -- When.
  execution_id uuid not null,  -- The execution.
  level text not null,  -- debug, info, warning or error.
  tenant text not null,  -- Owner.
  step_id text,  -- The step, if it concerns one.
  message text not null,  -- In words.
  data jsonb,  -- Details.
  constraint logs_pkey PRIMARY KEY (log_id),
  constraint level_is_known CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warning'::text, 'error'::text])))
) partition by range (log_id);
CREATE INDEX logs_execution ON ONLY logs USING btree (execution_id);

-- Items of loops for which no child has been made yet.
create table loop_items (
  execution_id uuid not null,  -- The execution of the loop.
  item_index integer not null,  -- Place of the item, from 0.
  step_id text not null,  -- The loop step.
  item jsonb not null,  -- The item.
  constraint loop_items_pkey PRIMARY KEY (execution_id, step_id, item_index)
);

-- Loop steps that are at work.
create table loops (
  execution_id uuid not null,  -- The execution.
  generation integer not null,  -- Generation of the step: part of the start key of its children.
  at_once integer not null,  -- How many items may be at work.
  item_limit integer,  -- How many items it does at most: all items of a list, max of others; null without a limit.
  made_count integer not null default 0,  -- Index up to which children have been made: where the next item is looked for.
  failed_count integer not null default 0,  -- How many of those that ended failed.
  failed_limit integer,  -- How many may fail; null where all may.
  is_read boolean not null,  -- Whether all items that are to come are in loop_items.
  step_id text not null,  -- The loop step.
  source text not null,  -- list, table (read page by page) or while.
  item jsonb,  -- For a table the last row read; for while the result of the latest iteration.
  error jsonb,  -- Error of the first item that failed, with its index.
  note text,  -- What the step says when it is done: that max was reached.
  constraint loops_pkey PRIMARY KEY (execution_id, step_id),
  constraint source_is_known CHECK ((source = ANY (ARRAY['list'::text, 'table'::text, 'while'::text])))
) with (fillfactor=50);

-- Columns that the match keys of a table use as an equality.
create table match_columns (
  attachment_id integer not null,  -- The attached table.
  operation text not null,  -- insert, update or delete.
  column_name text not null,  -- The column.
  constraint match_columns_pkey PRIMARY KEY (attachment_id, operation, column_name)
);

-- Texts of messages by channel and locale. A version never changes; the newest is what steps get, and what was frozen stays as it is. Those of the tenant default serve every tenant that has none of that name.
create table message_templates (
  tenant text not null,  -- Whose it is.
  message text not null,  -- Identifier, which steps name in template, notifications in message.
  version integer not null,  -- Number, from 1.
  definition jsonb not null,  -- message, name, description, category, variables {name: {type, required, description, example}} and channels {channel: {locale: {key: template}}}.
  source text,  -- The text that it was written as, where there is one.
  applied_at timestamp with time zone not null,  -- When it was applied.
  applied_by text not null,  -- By whom.
  removed_at timestamp with time zone,  -- When it was removed; null while it is in use. Numbers are not used again.
  constraint message_templates_pkey PRIMARY KEY (tenant, message, version),
  constraint message_templates_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint versions_count_from_one CHECK ((version > 0))
);

-- The hash of every applied migration file, so that an edited one is noticed.
create table migration_files (
  migration_id text not null,  -- Name of the file without its suffix.
  sha256 text not null,  -- SHA-256 of the file as it was when applied, in hexadecimal.
  applied_at timestamp with time zone not null default now(),  -- When the migration was applied.
  constraint migration_files_pkey PRIMARY KEY (migration_id),
  constraint sha256_is_64_hex_digits CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

-- Whom a notification step tells, decided when it begins. They stay as long as their execution.
create table notifications (
  execution_id uuid not null,  -- The execution.
  created_at timestamp with time zone not null,  -- When it was decided.
  digest_id uuid,  -- Digest that it is collected into; null where it is told at once.
  generation integer not null,  -- Generation of the step.
  place integer not null default 0,  -- Channel that was tried last, from 1, which is also the part of the step; 0 while none was.
  step_id text not null,  -- The notification step.
  tenant text not null,  -- Owner.
  recipient text not null,  -- Who is told: the id that the step gives, else the address.
  channels text[] not null,  -- Channels that reach the recipient and are wanted, in the order in which they are tried.
  addresses jsonb not null,  -- email, phone, push, chat, locale and timezone of the recipient at that time.
  constraint notifications_pkey PRIMARY KEY (execution_id, step_id, generation),
  constraint notifications_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant)
);
CREATE INDEX notifications_digest ON notifications USING btree (digest_id) WHERE (digest_id IS NOT NULL);

-- Pollers that have called lately: how far ahead work is admitted follows from them.
create table pollers (
  poller_id text not null,  -- Name that the poller gives itself: host, process, random part.
  contract integer not null,  -- Contract number that it speaks (pgwhen.contract()).
  batch integer not null,  -- How many actions it claims at once.
  started_at timestamp with time zone not null,  -- When it was first seen.
  seen_at timestamp with time zone not null,  -- When it was last seen; written at most every ten seconds.
  extra jsonb not null default '{}'::jsonb,  -- Host, version and channels, for people.
  constraint pollers_pkey PRIMARY KEY (poller_id)
) with (fillfactor=50);

-- What the next tick tells by NOTIFY pgwhen_progress. Empty, and nothing is written to it, unless set_progress switched it on.
create table progress (
  seq bigint not null generated always as identity,  -- Order of writing.
  execution_id uuid not null,  -- The execution.
  event text not null,  -- started, step_started, step_completed, step_failed, completed, failed or cancelled.
  step_id text,  -- The step; null where it is the execution.
  constraint progress_pkey PRIMARY KEY (seq)
);

-- Actions that wait for admission to the queue, taken in turn by tenant and priority.
create table ready (
  seq bigint not null generated always as identity,  -- Order of arrival.
  execution_id uuid not null,  -- The execution.
  queued_at timestamp with time zone not null,  -- Since when it waits.
  part integer not null default 0,  -- Message of the step.
  generation integer not null,  -- Generation of the step.
  priority smallint not null,  -- 1 high, 2 normal, 3 low.
  tenant text not null,  -- Owner.
  step_id text not null,  -- The step.
  constraint ready_pkey PRIMARY KEY (tenant, priority, seq)
);
CREATE INDEX ready_execution ON ready USING btree (execution_id);

-- Messages to recipients who may only get so many, a row for each address and message. Empty unless the setting recipient_caps is there.
create table recipient_sends (
  sent_at timestamp with time zone not null,  -- When it was let through for its first attempt.
  execution_id uuid not null,  -- The execution.
  generation integer not null,  -- Generation of the step.
  part integer not null,  -- Message of the step.
  tenant text not null,  -- Owner.
  channel text not null,  -- email, sms, push or chat.
  address text not null,  -- The address, written as in suppressions.
  step_id text not null,  -- The step.
  constraint recipient_sends_pkey PRIMARY KEY (tenant, channel, address, execution_id, step_id, generation, part)
);
CREATE INDEX recipient_sends_time ON recipient_sends USING btree (tenant, channel, address, sent_at);

-- People who get messages, as far as somebody said who they are and what they prefer.
create table recipients (
  updated_at timestamp with time zone not null,  -- Last change.
  quiet_from time without time zone,  -- When their quiet hours begin, in their time zone: nothing but transactional messages leaves then.
  quiet_to time without time zone,  -- When their quiet hours end, on the next day where that is before quiet_from.
  tenant text not null,  -- Owner.
  recipient text not null,  -- Who it is: an id of the application.
  email text,  -- E-mail address.
  phone text,  -- Telephone number, as + and digits.
  chat text,  -- Channel or user of a chat.
  locale text,  -- Language, such as nl or nl-NL.
  timezone text,  -- IANA time zone; null is the workflow's.
  push text[] not null default '{}'::text[],  -- Registration tokens of devices.
  preferences jsonb not null default '{}'::jsonb,  -- Which channels and categories they want, and as a digest or not.
  constraint recipients_pkey PRIMARY KEY (tenant, recipient),
  constraint recipients_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint quiet_hours_begin_and_end CHECK ((((quiet_from IS NULL) = (quiet_to IS NULL)) AND (quiet_from <> quiet_to)))
);
CREATE INDEX recipients_chat ON recipients USING btree (tenant, chat) WHERE (chat IS NOT NULL);
CREATE UNIQUE INDEX recipients_email ON recipients USING btree (tenant, lower(email)) WHERE (email IS NOT NULL);
CREATE UNIQUE INDEX recipients_phone ON recipients USING btree (tenant, phone) WHERE (phone IS NOT NULL);
CREATE INDEX recipients_push ON recipients USING gin (push);
CREATE INDEX recipients_quiet ON recipients USING btree (tenant) WHERE (quiet_from IS NOT NULL);

-- Custom actions that pollers have announced; what publishing checks action steps against.
create table registered_actions (
  name text not null,  -- Name that steps use.
  poller_id text not null,  -- The poller that has it.
  seen_at timestamp with time zone not null,  -- When that poller last announced it, give or take a minute.
  schema jsonb not null,  -- JSON Schema of its parameters, as that poller announced it.
  description text,  -- First paragraph of what its author says of it.
  constraint registered_actions_pkey PRIMARY KEY (name, poller_id)
);

-- Functions of the application that call steps may call. PostgreSQL lets everybody execute a new function, so GRANT alone is no list of them.
create table registered_functions (
  tenant text not null,  -- Whose workflows may call it.
  signature text not null,  -- Schema, name and types of the arguments: a function is found by it, never by a stored oid.
  schema_name text not null,  -- Its schema.
  function_name text not null,  -- Its name without the schema.
  description text,  -- What it does, for people.
  registered_at timestamp with time zone not null,  -- When it was registered.
  registered_by text not null default SESSION_USER,  -- By whom.
  constraint registered_functions_pkey PRIMARY KEY (tenant, signature),
  constraint registered_functions_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant)
);

-- Settings of this installation that every session shares. Change them with update; a missing name means the default.
create table settings (
  name text not null,  -- Name, for example retention_days.
  value jsonb not null,  -- Value as JSON.
  constraint settings_pkey PRIMARY KEY (name),
  constraint recipient_caps_can_be_read CHECK (((name <> 'recipient_caps'::text) OR ((jsonb_typeof(value) = 'object'::text) AND (NOT (value @? 'strict $.*?(@.type() != "object")'::jsonpath)) AND (NOT (value @? '$.*?(!((((((@."limit".type() == "number" && @."limit" >= 1) && @."limit" <= 1000000) && @."limit".floor() == @."limit") && @."per".type() == "string") && @."per" like_regex "^[1-9][0-9]{0,3} (second|minute|hour|day|week)s?$") && (!(exists (@."categories")) || @."categories".type() == "array")))'::jsonpath)))))
);

-- What unsubscribe links are signed with. Made here, known nowhere else; the newest signs, all verify, so that old links go on working.
create table signing_keys (
  key_id integer not null generated always as identity,  -- Number, part of each link.
  key bytea not null,  -- Random bytes.
  made_at timestamp with time zone not null,  -- When.
  made_by text not null,  -- By whom.
  constraint signing_keys_pkey PRIMARY KEY (key_id),
  constraint key_has_32_bytes CHECK ((octet_length(key) = 32))
);

-- Steps that go on at a time.
create table sleepers (
  execution_id uuid not null,  -- The execution.
  due_at timestamp with time zone not null,  -- When.
  part integer not null default 0,  -- Message of the step.
  step_id text not null,  -- The step.
  purpose text not null,  -- delay, timeout, remind, escalate or retry.
  constraint sleepers_pkey PRIMARY KEY (execution_id, step_id, part, purpose),
  constraint purpose_is_known CHECK ((purpose = ANY (ARRAY['delay'::text, 'timeout'::text, 'remind'::text, 'escalate'::text, 'retry'::text])))
);
CREATE INDEX sleepers_due ON sleepers USING btree (due_at);

-- Keys from outside that may start something once: the p_key of emit_event and start_execution.
create table start_keys (
  source text not null,  -- Tenant and type of the event, or workflow.
  key text not null,  -- The caller's key.
  event_id uuid not null,  -- Event that took it.
  taken_at timestamp with time zone not null default now(),  -- When.
  constraint start_keys_pkey PRIMARY KEY (source, key)
);

-- Nodes of a version's graph.
create table steps (
  workflow_id integer not null,  -- The workflow.
  version integer not null,  -- Its version.
  step_id text not null,  -- Identifier within the version.
  position integer not null,  -- Topological position, from 1.
  type text not null,  -- Type of the step, as in definitions; join for the end of a parallel that does not wait for all its branches.
  name text,  -- Title for people.
  definition jsonb not null,  -- Keys of the step as written, without branches.
  compiled jsonb not null default '{}'::jsonb,  -- Typed values, retry policy, timeout, what on_error and on_uncertain come to, and the paths that it reads.
  condition jsonb,  -- Typed form of if; null when there is none.
  performed_by text not null,  -- engine, poller, or database (a statement on the application's tables, which a poller has run in a transaction of its own).
  body text,  -- Loop whose body the step belongs to; null at the top.
  constraint steps_pkey PRIMARY KEY (workflow_id, version, step_id),
  constraint steps_workflow_id_version_fkey FOREIGN KEY (workflow_id, version) REFERENCES versions(workflow_id, version),
  constraint performed_by_is_known CHECK ((performed_by = ANY (ARRAY['engine'::text, 'poller'::text, 'database'::text])))
);
CREATE INDEX steps_with_a_window ON steps USING btree (workflow_id) WHERE (compiled ? 'window'::text);

-- What attachments.operations was in versions before. Nothing reads it; a later version drops it.
create table subscriptions (
  attachment_id integer not null,  -- The attached table.
  operation text not null,  -- insert, update, delete or truncate.
  constraint subscriptions_pkey PRIMARY KEY (attachment_id, operation),
  constraint subscriptions_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES attachments(attachment_id),
  constraint operation_is_known CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'truncate'::text])))
);

-- Addresses that get no message, or none of a category. freeze_actions looks here before anything leaves.
create table suppressions (
  suppression_id bigint not null generated always as identity,  -- Identity, in the order of writing.
  at timestamp with time zone not null,  -- When it was written first.
  tenant text not null,  -- Whose messages it stops.
  channel text not null,  -- email, sms, push or chat.
  address text not null,  -- The address as it is compared: e-mail in lower case, telephone numbers as + and digits, others as they are.
  category text,  -- Category of messages that it stops; null is all.
  reason text not null,  -- opt_out (the recipient wants none), bounce (the address is dead), complaint (marked as spam), dead_token (of a device), manual (somebody decided).
  source text not null,  -- Where it comes from: the connection whose provider said so, STOP, unsubscribe, the actor of a command, import.
  detail text,  -- What the provider or person said.
  constraint suppressions_pkey PRIMARY KEY (suppression_id),
  constraint there_is_one_of_a_kind UNIQUE NULLS NOT DISTINCT (tenant, channel, address, category, reason),
  constraint suppressions_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint channel_has_addresses CHECK ((channel = ANY (ARRAY['email'::text, 'sms'::text, 'push'::text, 'chat'::text]))),
  constraint reason_is_known CHECK ((reason = ANY (ARRAY['opt_out'::text, 'bounce'::text, 'complaint'::text, 'dead_token'::text, 'manual'::text]))),
  constraint transactional_messages_cannot_be_refused_alone CHECK ((category <> 'transactional'::text))
);

-- Events that a wait took: another wait of the execution gets the next one. Kept as long as history.
create table taken_events (
  execution_id uuid not null,  -- The execution; for the bodies of loops, the one that the loop is in.
  event_id uuid not null,  -- The event.
  taken_by uuid not null,  -- The execution whose step took it: the same, or an item of a loop.
  step_id text not null,  -- The step that took it.
  constraint taken_events_pkey PRIMARY KEY (execution_id, event_id)
);

-- Which tenant a database login works for; a login without a row works for the tenant default.
create table tenant_roles (
  role_name text not null,  -- The login (session_user).
  tenant text not null,  -- The tenant it works for.
  constraint tenant_roles_pkey PRIMARY KEY (role_name),
  constraint tenant_roles_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant)
);

-- Who workflows and executions belong to. An installation for one organisation uses the tenant default.
create table tenants (
  tenant text not null,  -- Identifier of the tenant.
  variables jsonb not null default '{}'::jsonb,  -- What workflows see as tenant: an object of names and values.
  created_at timestamp with time zone not null default now(),  -- When the tenant was made.
  constraint tenants_pkey PRIMARY KEY (tenant),
  constraint tenant_is_an_identifier CHECK ((tenant ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text))
);

-- Index from what an event is to the triggers that it may fire, for the version that new executions get: operation, changed column, or one equality.
create table trigger_keys (
  match_key text not null,  -- insert:7, update:7:changed:status, update:7:status=completed, event:invoice.overdue (the number is the attachment).
  workflow_id integer not null,  -- The workflow.
  trigger_no integer not null,  -- The trigger.
  version integer not null,  -- The version.
  constraint trigger_keys_pkey PRIMARY KEY (match_key, workflow_id, trigger_no)
);

-- What starts a version.
create table triggers (
  workflow_id integer not null,  -- The workflow.
  version integer not null,  -- Its version.
  trigger_no integer not null,  -- Position in when, from 1.
  trigger_id text,  -- The trigger's id, if the definition gives one.
  kind text not null,  -- table, event or manual.
  attachment_id integer,  -- Attached table, for table triggers.
  operations text[] not null default '{}'::text[],  -- Operations that fire it: insert, update, delete, truncate.
  event_type text,  -- Type of an application event.
  columns text[],  -- An update fires only if one of these columns changed; null for any.
  becomes jsonb,  -- Typed condition that must be true of new and not of old.
  condition jsonb,  -- Typed condition that must hold.
  needs_record boolean not null default false,  -- Whether the condition reads the record or its foreign keys, not only the event.
  enabled boolean not null default true,  -- Whether it is switched on.
  constraint triggers_pkey PRIMARY KEY (workflow_id, version, trigger_no),
  constraint triggers_workflow_id_version_fkey FOREIGN KEY (workflow_id, version) REFERENCES versions(workflow_id, version),
  constraint kind_is_known CHECK ((kind = ANY (ARRAY['table'::text, 'event'::text, 'manual'::text])))
);

-- Executions that have not ended.
create table unfinished (
  execution_id uuid not null,  -- The execution.
  workflow_id integer not null,  -- Its workflow.
  version integer not null,  -- Its version.
  constraint unfinished_pkey PRIMARY KEY (execution_id)
);

-- Published definitions: immutable, numbered, and kept by the executions that run them.
create table versions (
  workflow_id integer not null,  -- The workflow.
  version integer not null,  -- Number, from 1.
  definition jsonb not null,  -- The definition, normalised.
  source text,  -- The text that was applied.
  compiled jsonb not null,  -- What publishing made of the top level: priority, vars, inputs, suppress_if as a typed condition, reads.
  published_at timestamp with time zone not null,  -- When.
  published_by text not null default SESSION_USER,  -- By whom.
  roots text[] not null default '{}'::text[],  -- Steps that no edge leads to: an execution begins with them. Those of loop bodies are not among them.
  constraint versions_pkey PRIMARY KEY (workflow_id, version),
  constraint versions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows(workflow_id)
);

-- What unfinished executions wait for. An event finds them by match_key.
create table waits (
  execution_id uuid not null,  -- The execution.
  until_at timestamp with time zone,  -- What occurred later does not count; null without an end.
  step_id text not null,  -- The step that waits; exit_on[n] for an entry of exit_on.
  purpose text not null,  -- wait (a wait step), record (any step that sleeps or waits, when the record changes) or exit (exit_on).
  match_key text not null,  -- What it waits for: row:7, row:7:lead_id=5, record:7:{"id": 5}, event:default:invoice.paid:number=77 (the number after row and record is the attachment).
  given jsonb not null default '[]'::jsonb,  -- Values that what comes is compared with, as they were when the wait opened.
  constraint waits_pkey PRIMARY KEY (match_key, execution_id, step_id, purpose),
  constraint purpose_is_known CHECK ((purpose = ANY (ARRAY['wait'::text, 'record'::text, 'exit'::text])))
);
CREATE INDEX waits_execution ON waits USING btree (execution_id);

-- watches, each once: what dispatch has to look at when an event comes.
create table watch_keys (
  source text not null,  -- What happens.
  key_column text not null,  -- Column whose value is part of the key.
  type text not null,  -- Type as which it is compared.
  constraint watch_keys_pkey PRIMARY KEY (source, key_column, type)
);

-- Events that a wait may find when it opens, by what it looks for. An event that nobody may wait for is not here.
create table watched_events (
  match_key text not null,  -- As in waits.
  event_id uuid not null,  -- The event.
  constraint watched_events_pkey PRIMARY KEY (match_key, event_id)
);

-- What executions of a version may wait for: written by publish, kept while the version is the active one or has unfinished executions.
create table watches (
  workflow_id integer not null,  -- The workflow.
  version integer not null,  -- Its version.
  source text not null,  -- What happens: insert:7 (the number is the attachment), or event:default:invoice.paid.
  key_column text not null,  -- Column, or part of the input, of which a wait wants one value; * for the primary key of the execution's own record; empty where any will do.
  type text not null,  -- Type as which key_column is compared; empty where there is none.
  attachment_id integer,  -- Attached table; null for application events.
  operation text not null,  -- insert, update, delete or event.
  constraint watches_pkey PRIMARY KEY (workflow_id, version, source, key_column, type),
  constraint watches_attachment_id_fkey FOREIGN KEY (attachment_id) REFERENCES attachments(attachment_id),
  constraint watches_workflow_id_version_fkey FOREIGN KEY (workflow_id, version) REFERENCES versions(workflow_id, version) ON DELETE CASCADE,
  constraint operation_is_known CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'event'::text])))
);

-- Workflows: identity and life cycle. What they do is in versions.
create table workflows (
  workflow_id integer not null generated always as identity,  -- Identity.
  tenant text not null default 'default'::text,  -- Owner; an identifier is unique per tenant.
  workflow text not null,  -- Identifier that people and other workflows use.
  name text not null,  -- Title for people.
  status text not null default 'draft'::text,  -- draft, active, paused or archived.
  active_version integer,  -- Version that new executions get; null before the first publish.
  draft jsonb,  -- Definition that was applied but not published; null when nothing is pending.
  draft_source text,  -- The draft's text as it was written.
  created_at timestamp with time zone not null,  -- When it was made.
  created_by text not null default SESSION_USER,  -- Who made it.
  updated_at timestamp with time zone not null,  -- Last change of status, draft or version.
  constraint workflows_pkey PRIMARY KEY (workflow_id),
  constraint workflows_tenant_workflow_key UNIQUE (tenant, workflow),
  constraint workflows_tenant_fkey FOREIGN KEY (tenant) REFERENCES tenants(tenant),
  constraint status_is_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'paused'::text, 'archived'::text]))),
  constraint workflow_is_an_identifier CHECK ((workflow ~ '^[a-z][a-z0-9_]{0,39}$'::text))
);

-- Result of one attempt. class is ok, permanent, transient, throttled, auth or uncertain; error is {code, message}.
create type action_report as (
  execution_id uuid,
  step_id text,
  generation integer,
  part integer,
  attempt integer,
  message_id bigint,
  class text,
  output jsonb,
  error jsonb,
  answer jsonb,
  provider_message_id text,
  retry_after_seconds double precision,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  extra jsonb
);

-- An action that a poller may perform until lease_until. frozen and connection are set from the second attempt on, definition and context before.
create type claimed_action as (
  execution_id uuid,
  step_id text,
  generation integer,
  part integer,
  attempt integer,
  message_id bigint,
  tenant text,
  workflow text,
  type text,
  definition jsonb,
  context jsonb,
  frozen jsonb,
  connection text,
  idempotency_key text,
  timeout_seconds double precision,
  lease_until timestamp with time zone,
  extra jsonb
);

-- A message of the queue pgwhen_events, as dispatch takes it.
create type event_message as (
  message_id bigint,
  event_id uuid,
  occurred_at timestamp with time zone,
  message jsonb
);

-- Answer to a frozen_message: send, suppressed, deferred (until), held (reason) or lost (the lease is gone). Only send is sent.
create type freeze_verdict as (
  execution_id uuid,
  step_id text,
  part integer,
  attempt integer,
  verdict text,
  until timestamp with time zone,
  reason text,
  extra jsonb
);

-- What a poller is about to send. A message that was frozen before is given without message.
create type frozen_message as (
  execution_id uuid,
  step_id text,
  generation integer,
  part integer,
  attempt integer,
  message_id bigint,
  channel text,
  connection text,
  recipients text[],
  message jsonb,
  batch_id uuid,
  extra jsonb
);

-- A held action, as functions pass it in arrays.
create type held_ref as (
  execution_id uuid,
  step_id text,
  part integer
);

-- A step of an execution, as the engine's functions pass them in arrays.
create type step_ref as (
  execution_id uuid,
  step_id text
);
