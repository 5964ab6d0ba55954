-- Actions that are kept back on purpose: by a kill switch, or because they are stale.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table kill_switches (
  scope text primary key,
  tenant text not null references tenants,
  workflow_id integer references workflows,
  thrown_at timestamptz not null,
  thrown_by text not null,
  reason text not null
);
comment on table kill_switches is 'What may not be claimed now: all actions, those of a tenant, or those of a workflow. What becomes due meanwhile is held.';
comment on column kill_switches.scope is 'all, tenant:NAME or workflow:ID.';
comment on column kill_switches.tenant is 'Tenant whose operator threw it.';
comment on column kill_switches.workflow_id is 'The workflow, if it is for one.';
comment on column kill_switches.thrown_at is 'Since when.';
comment on column kill_switches.thrown_by is 'By whom.';
comment on column kill_switches.reason is 'Why, in the operator''s words.';
alter table kill_switches enable row level security;
alter table kill_switches force row level security;
create policy owner on kill_switches to pgwhen_owner using (true) with check (true);

create type held_ref as (execution_id uuid, step_id text, part integer);
comment on type held_ref is 'A held action, as functions pass it in arrays.';

alter table held add column cause text;
comment on column held.cause is 'stale, or the scope of the kill switch that it waits for; null where a connection or a person is waited for.';
