-- Database steps: the functions that call steps may call, and how a write is known to come from a workflow.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table registered_functions (
  tenant text not null references tenants,
  signature text not null,
  schema_name text not null,
  function_name text not null,
  description text,
  registered_at timestamptz not null,
  registered_by text not null default session_user,
  primary key (tenant, signature)
);
comment on table registered_functions is 'Functions of the application that call steps may call. PostgreSQL lets everybody execute a new function, so GRANT alone is no list of them.';
comment on column registered_functions.tenant is 'Whose workflows may call it.';
comment on column registered_functions.signature is 'Schema, name and types of the arguments: a function is found by it, never by a stored oid.';
comment on column registered_functions.schema_name is 'Its schema.';
comment on column registered_functions.function_name is 'Its name without the schema.';
comment on column registered_functions.description is 'What it does, for people.';
comment on column registered_functions.registered_at is 'When it was registered.';
comment on column registered_functions.registered_by is 'By whom.';

create table cause_key (
  only_one boolean primary key default true,
  key text not null,
  constraint there_is_only_one check (only_one)
);
comment on table cause_key is 'Random text by which capture knows that the cause of a write was set by a database step, and by no session of the application.';
comment on column cause_key.only_one is 'True: there is one row.';
comment on column cause_key.key is 'The text. It never leaves the database.';
insert into cause_key (key) values (gen_random_uuid()::text || gen_random_uuid()::text);

alter table registered_functions enable row level security;
alter table registered_functions force row level security;
create policy owner on registered_functions to pgwhen_owner using (true) with check (true);
alter table cause_key enable row level security;
alter table cause_key force row level security;
create policy owner on cause_key to pgwhen_owner using (true) with check (true);

-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists run_database_step();
