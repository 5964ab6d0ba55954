-- What a connection is made of, and how much it may carry.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

alter table connections
  add column origin text not null default 'environment',
  add column secrets jsonb not null default '{}',
  add column is_default boolean not null default false,
  add column rate_limit integer,
  add column rate_seconds double precision,
  add column concurrency integer,
  add column failures integer not null default 0,
  add column opened_until timestamptz,
  add column revision bigint;
comment on column connections.channel is 'Type of the steps that it serves: email, sms, push, chat ...';
comment on column connections.provider is 'Who performs them; the pollers know what that takes.';
comment on column connections.settings is 'What is not secret: names and texts, such as from and base_url.';
comment on column connections.origin is 'defined (by add_connection), or environment (a poller has it in its environment).';
comment on column connections.secrets is 'References by name: {"key": "env:NAME"} or {"key": "file:/PATH"}, which pollers read when they send. Never a value.';
comment on column connections.is_default is 'Steps of its channel that name no connection leave by it.';
comment on column connections.rate_limit is 'Messages per rate_seconds, at most; null is without limit.';
comment on column connections.rate_seconds is 'Length of the period of rate_limit, in seconds.';
comment on column connections.concurrency is 'Messages on their way at a time, at most, of all pollers together; null is without limit.';
comment on column connections.failures is 'Failures of the connection itself, one after the other; the circuit breaker counts them.';
comment on column connections.opened_until is 'Until when its circuit breaker keeps messages back; null while it is closed.';
comment on column connections.revision is 'connection_revisions.revision at its last change by a person; null for one from the environment.';

-- Small and seldom changed: a scan of it under a lock takes no time.
alter table connections
  -- squawk-ignore constraint-missing-not-valid
  add constraint origin_is_known check (origin in ('environment', 'defined')),
  -- squawk-ignore constraint-missing-not-valid
  add constraint only_defined_ones_have_secrets check (origin = 'defined' or secrets = '{}'),
  -- squawk-ignore constraint-missing-not-valid
  add constraint only_defined_ones_are_defaults check (origin = 'defined' or not is_default),
  -- squawk-ignore constraint-missing-not-valid
  add constraint rate_has_a_period check ((rate_limit is null) = (rate_seconds is null)),
  -- squawk-ignore constraint-missing-not-valid
  add constraint limits_are_positive check (rate_limit > 0 and rate_seconds > 0 or rate_limit is null),
  -- squawk-ignore constraint-missing-not-valid
  add constraint concurrency_is_positive check (concurrency > 0),
  -- squawk-ignore constraint-missing-not-valid
  add constraint failures_are_counted check (failures >= 0);

-- squawk-ignore require-concurrent-index-creation
create unique index one_default_per_tenant_and_channel on connections (tenant, channel) where is_default;

-- One row. Changed by whoever changes a defined connection, in the same transaction and before the connections
-- themselves, so that a poller that has read a revision has read all that belongs to it. A look at one page for a claim.
create table connection_revisions (
  only_one boolean primary key default true,
  revision bigint not null,
  constraint there_is_one_row check (only_one)
);
comment on table connection_revisions is 'The state of the defined connections as one number, which pollers compare with what they know.';
comment on column connection_revisions.only_one is 'True: there is one row.';
comment on column connection_revisions.revision is 'Microseconds of the last change since 1970, or one more than before: a restored database has other numbers.';
insert into connection_revisions (revision) values (0);

alter table connection_revisions enable row level security;
alter table connection_revisions force row level security;
create policy owner on connection_revisions to pgwhen_owner using (true) with check (true);

-- Functions whose result has changed: they are made anew.
-- squawk-ignore ban-drop-function
drop function if exists list_connections();
