-- What providers tell of messages that left.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table callback_keys (
  tenant text not null references tenants,
  connection text not null,
  fingerprint text not null,
  provider text not null,
  verifier jsonb not null,
  made_at timestamptz not null,
  made_by text not null,
  primary key (tenant, connection, fingerprint)
);
comment on table callback_keys is 'What the callbacks of a connection are verified with. No secret: public keys, or the two states of HMAC from which its key cannot be told.';
comment on column callback_keys.tenant is 'Owner of the connection.';
comment on column callback_keys.connection is 'Name of the connection.';
comment on column callback_keys.fingerprint is 'Identity of the key, for people: the beginning of the hash of its verifier.';
comment on column callback_keys.provider is 'Provider whose callbacks it verifies.';
comment on column callback_keys.verifier is '{scheme: hmac-sha256 | hmac-sha1, inner, outer} or {scheme: p256 | ed25519, public_key}; bytes as hex digits.';
comment on column callback_keys.made_at is 'When it was set.';
comment on column callback_keys.made_by is 'By whom.';

create table deliveries (
  delivery_id bigint generated always as identity primary key,
  received_at timestamptz not null,
  at timestamptz not null,
  execution_id uuid,
  event_id uuid,
  generation integer,
  part integer,
  tenant text not null references tenants,
  connection_tenant text not null,
  connection text not null,
  provider text not null,
  channel text not null,
  provider_event_id text not null,
  nonce text,
  provider_message_id text,
  step_id text,
  status text not null,
  event text not null,
  address text,
  detail jsonb not null default '{}',
  constraint status_is_known check (status in ('accepted', 'delivered', 'failed', 'bounced', 'opened', 'clicked', 'unsubscribed', 'complained', 'received'))
);
comment on table deliveries is 'What providers told of messages after they had accepted them: one row an event, each once.';
comment on column deliveries.delivery_id is 'Order of arrival.';
comment on column deliveries.received_at is 'When it came.';
comment on column deliveries.at is 'When it happened, as the provider says.';
comment on column deliveries.execution_id is 'Execution whose message it is; null where the provider did not give our key back.';
comment on column deliveries.event_id is 'Event that told workflows; null where none could use it.';
comment on column deliveries.generation is 'Generation of the step.';
comment on column deliveries.part is 'Message of the step.';
comment on column deliveries.tenant is 'Owner: the execution''s tenant, else the connection''s.';
comment on column deliveries.connection_tenant is 'Owner of the connection: the tenant itself, or default.';
comment on column deliveries.connection is 'Connection whose provider told it.';
comment on column deliveries.provider is 'The provider.';
comment on column deliveries.channel is 'email or sms.';
comment on column deliveries.provider_event_id is 'The provider''s id of the event, or what identifies it where it has none: recorded once for a connection.';
comment on column deliveries.nonce is 'What the provider signed for one use; null where its signatures have a time alone.';
comment on column deliveries.provider_message_id is 'The provider''s id of the message.';
comment on column deliveries.step_id is 'The step.';
comment on column deliveries.status is 'accepted, delivered, failed, bounced, opened, clicked, unsubscribed or complained; received for a text message from a person.';
comment on column deliveries.event is 'The provider''s word for it.';
comment on column deliveries.address is 'Recipient; the sender of what was received.';
comment on column deliveries.detail is 'What else was told, cut short: code, message, link.';
create unique index deliveries_event on deliveries (connection_tenant, connection, provider_event_id);
create unique index deliveries_nonce on deliveries (connection_tenant, connection, nonce) where nonce is not null;
create index deliveries_step on deliveries (execution_id, step_id) where execution_id is not null;
create index deliveries_unmatched on deliveries (provider_message_id) where execution_id is null;
create index deliveries_address on deliveries (lower(address));
create index deliveries_received on deliveries (received_at);

create table signing_keys (
  key_id integer generated always as identity primary key,
  key bytea not null,
  made_at timestamptz not null,
  made_by text not null,
  constraint key_has_32_bytes check (octet_length(key) = 32)
);
comment on table signing_keys is 'What unsubscribe links are signed with. Made here, known nowhere else; the newest signs, all verify, so that old links go on working.';
comment on column signing_keys.key_id is 'Number, part of each link.';
comment on column signing_keys.key is 'Random bytes.';
comment on column signing_keys.made_at is 'When.';
comment on column signing_keys.made_by is 'By whom.';
-- Random uuids have 122 random bits each.
insert into signing_keys (key, made_at, made_by)
select sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8')), now(), session_user;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['callback_keys', 'deliveries', 'signing_keys'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_table);
  end loop;
end $$;
