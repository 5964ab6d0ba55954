-- Receivers of outgoing webhooks.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table endpoints (
  tenant text not null references tenants,
  name text not null,
  url text not null,
  secrets jsonb not null,
  status text not null default 'active',
  reason text,
  disabled_at timestamptz,
  failing_since timestamptz,
  throttled_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant, name),
  constraint name_is_an_identifier check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint secrets_is_a_list check (jsonb_typeof(secrets) = 'array'),
  constraint status_is_active_or_disabled check (status in ('active', 'disabled')),
  constraint disabled_at_goes_with_disabled check ((status = 'disabled') = (disabled_at is not null))
);
comment on table endpoints is 'Receivers of outgoing webhooks. Their secrets are never here: only where pollers find them.';
comment on column endpoints.tenant is 'Owner.';
comment on column endpoints.name is 'Name that webhook steps use.';
comment on column endpoints.url is 'Address that webhooks are posted to.';
comment on column endpoints.secrets is 'References of its secrets, the newest first: {reference, added_at, expires_at}; expires_at is null for the newest, and the end of the rotation for others.';
comment on column endpoints.status is 'active, or disabled (nothing is sent, work is held).';
comment on column endpoints.reason is 'Why it is disabled.';
comment on column endpoints.disabled_at is 'Since when it is disabled; null while it is active.';
comment on column endpoints.failing_since is 'First failure after its last success; null while it works. Written when that changes, not with every webhook.';
comment on column endpoints.throttled_until is 'The receiver asked for patience (Retry-After): nothing is sent before.';
comment on column endpoints.created_at is 'When it was added.';
comment on column endpoints.updated_at is 'Last change.';

alter table endpoints enable row level security;
alter table endpoints force row level security;
create policy owner on endpoints to pgwhen_owner using (true) with check (true);
