-- Who may not, or not now, get a message.
-- depends: 0013.connections

set local search_path = pgwhen, pg_catalog;

create table suppressions (
  suppression_id bigint generated always as identity primary key,
  at timestamptz not null,
  tenant text not null references tenants,
  channel text not null,
  address text not null,
  category text,
  reason text not null,
  source text not null,
  detail text,
  constraint reason_is_known check (reason in ('opt_out', 'bounce', 'complaint', 'dead_token', 'manual')),
  constraint channel_has_addresses check (channel in ('email', 'sms', 'push', 'chat')),
  constraint transactional_messages_cannot_be_refused_alone check (category <> 'transactional'),
  constraint there_is_one_of_a_kind unique nulls not distinct (tenant, channel, address, category, reason)
);
comment on table suppressions is 'Addresses that get no message, or none of a category. freeze_actions looks here before anything leaves.';
comment on column suppressions.suppression_id is 'Identity, in the order of writing.';
comment on column suppressions.at is 'When it was written first.';
comment on column suppressions.tenant is 'Whose messages it stops.';
comment on column suppressions.channel is 'email, sms, push or chat.';
comment on column suppressions.address is 'The address as it is compared: e-mail in lower case, telephone numbers as + and digits, others as they are.';
comment on column suppressions.category is 'Category of messages that it stops; null is all.';
comment on column suppressions.reason is 'opt_out (the recipient wants none), bounce (the address is dead), complaint (marked as spam), dead_token (of a device), manual (somebody decided).';
comment on column suppressions.source is 'Where it comes from: the connection whose provider said so, STOP, unsubscribe, the actor of a command, import.';
comment on column suppressions.detail is 'What the provider or person said.';

-- Counted only where the setting recipient_caps asks for it.
create table recipient_sends (
  sent_at timestamptz not null,
  execution_id uuid not null,
  generation integer not null,
  part integer not null,
  tenant text not null,
  channel text not null,
  address text not null,
  step_id text not null,
  primary key (tenant, channel, address, execution_id, step_id, generation, part)
);
comment on table recipient_sends is 'Messages to recipients who may only get so many, a row for each address and message. Empty unless the setting recipient_caps is there.';
comment on column recipient_sends.sent_at is 'When it was let through for its first attempt.';
comment on column recipient_sends.execution_id is 'The execution.';
comment on column recipient_sends.generation is 'Generation of the step.';
comment on column recipient_sends.part is 'Message of the step.';
comment on column recipient_sends.tenant is 'Owner.';
comment on column recipient_sends.channel is 'email, sms, push or chat.';
comment on column recipient_sends.address is 'The address, written as in suppressions.';
comment on column recipient_sends.step_id is 'The step.';
create index recipient_sends_time on recipient_sends (tenant, channel, address, sent_at);

-- The lock of a limited connection too: whoever lets a message through there holds its row until the commit.
create table connection_clocks (
  next_at timestamptz not null default '-infinity',
  last_turn_at timestamptz not null default '-infinity',
  tenant text not null,
  name text not null,
  primary key (tenant, name)
) with (fillfactor = 50);
comment on table connection_clocks is 'Clocks of connections that have a rate, a limit of messages at a time, or an open circuit breaker.';
comment on column connection_clocks.next_at is 'When the next message would leave if none could leave early; the further ahead, the more of the rate is used up.';
comment on column connection_clocks.last_turn_at is 'Latest of the turns that were given to messages that wait for the rate.';
comment on column connection_clocks.tenant is 'Owner of the connection.';
comment on column connection_clocks.name is 'The connection.';

create table connection_turns (
  execution_id uuid not null,
  turn_at timestamptz not null,
  part integer not null,
  tenant text not null,
  name text not null,
  step_id text not null,
  primary key (execution_id, step_id, part)
);
comment on table connection_turns is 'Messages that wait for the rate of their connection. A turn keeps those who have waited from waiting behind those who come.';
comment on column connection_turns.execution_id is 'The execution.';
comment on column connection_turns.turn_at is 'When it is its turn.';
comment on column connection_turns.part is 'Message of the step.';
comment on column connection_turns.tenant is 'Owner of the connection.';
comment on column connection_turns.name is 'The connection.';
comment on column connection_turns.step_id is 'The step.';
create index connection_turns_time on connection_turns (turn_at);

create table connection_slots (
  message_id bigint primary key,
  is_probe boolean not null default false,
  tenant text not null,
  name text not null
);
comment on table connection_slots is 'Messages on their way by connections of which only so many may be. A row counts while its message is leased in the queue, so that neither an answer nor a poller that dies has to give it back.';
comment on column connection_slots.message_id is 'Message in the queue pgwhen_actions.';
comment on column connection_slots.is_probe is 'Whether it is the one message by which a half-open circuit breaker finds out.';
comment on column connection_slots.tenant is 'Owner of the connection.';
comment on column connection_slots.name is 'The connection.';
create index connection_slots_name on connection_slots (tenant, name);

-- Time that messages had to wait between attempts is not time that they were tried.
alter table frozen_messages add column deferred interval;
comment on column frozen_messages.deferred is 'How long it was kept back between its attempts, by windows, caps, limits and circuit breakers: retry.within does not count that. Null is not at all.';

-- What only some workflows have is found without a look at the others. Written by publish alone.
-- squawk-ignore require-concurrent-index-creation
create index steps_with_a_window on steps (workflow_id) where compiled ? 'window';

-- A cap that nobody can read would stop nothing, or everything.
alter table settings
  -- squawk-ignore constraint-missing-not-valid
  add constraint recipient_caps_can_be_read check (name <> 'recipient_caps' or jsonb_typeof(value) = 'object'
    and not value @? 'strict $.* ? (@.type() != "object")'
    and not value @? 'lax $.* ? (!(@.limit.type() == "number" && @.limit >= 1 && @.limit <= 1000000 && @.limit.floor() == @.limit
      && @.per.type() == "string" && @.per like_regex "^[1-9][0-9]{0,3} (second|minute|hour|day|week)s?$"
      && (!exists(@.categories) || @.categories.type() == "array")))');

alter table suppressions enable row level security;
alter table suppressions force row level security;
create policy owner on suppressions to pgwhen_owner using (true) with check (true);
alter table recipient_sends enable row level security;
alter table recipient_sends force row level security;
create policy owner on recipient_sends to pgwhen_owner using (true) with check (true);
alter table connection_clocks enable row level security;
alter table connection_clocks force row level security;
create policy owner on connection_clocks to pgwhen_owner using (true) with check (true);
alter table connection_turns enable row level security;
alter table connection_turns force row level security;
create policy owner on connection_turns to pgwhen_owner using (true) with check (true);
alter table connection_slots enable row level security;
alter table connection_slots force row level security;
create policy owner on connection_slots to pgwhen_owner using (true) with check (true);

-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists _decide_report(text, double precision, jsonb, integer, timestamptz, boolean, timestamptz);
