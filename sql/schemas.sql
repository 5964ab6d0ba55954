-- The schemas, and the bookkeeping of the migrations in schema pgwhen: yoyo's tables as yoyo 9 makes them (its schema
-- version 2), so that a script applied by hand and `pgwhen migrate` leave the same, and one of our own with the hash of
-- each applied file, because yoyo does not notice that an applied migration was edited.
do $$
declare
  v_schema text;
  v_role text;
  v_actual text;
begin
  for v_schema, v_role in values ('pgwhen', 'pgwhen_owner'), ('pgwhen_sandbox', 'pgwhen_actions') loop
    select pg_get_userbyid(nspowner) into v_actual from pg_namespace where nspname = v_schema;
    if v_actual is null then
      execute format('create schema %I authorization %I', v_schema, v_role);
    elsif v_actual <> v_role then
      raise exception 'schema % belongs to %, not to %', v_schema, v_actual, v_role
        using errcode = 'WF390', hint = format('As a superuser: alter schema %I owner to %I', v_schema, v_role);
    end if;
  end loop;
end
$$;

set role pgwhen_owner;

do $$
begin
  if to_regclass('pgwhen.migration_files') is null then
    comment on schema pgwhen is 'Workflows that start when rows change: tables, functions and views of pgwhen.';

    create table pgwhen._yoyo_migration (
      migration_hash varchar(64) primary key,
      migration_id varchar(255),
      applied_at_utc timestamp
    );
    create table pgwhen._yoyo_log (
      id varchar(36) primary key,
      migration_hash varchar(64),
      migration_id varchar(255),
      operation varchar(10),
      username varchar(255),
      hostname varchar(255),
      comment varchar(255),
      created_at_utc timestamp
    );
    create table pgwhen._yoyo_version (
      version int primary key,
      installed_at_utc timestamp
    );
    insert into pgwhen._yoyo_version values (1, now() at time zone 'utc'), (2, now() at time zone 'utc');

    create table pgwhen.migration_files (
      migration_id text primary key,
      sha256 text not null,
      applied_at timestamptz not null default now(),
      constraint sha256_is_64_hex_digits check (sha256 ~ '^[0-9a-f]{64}$')
    );
    comment on table pgwhen.migration_files is
      'The hash of every applied migration file, so that an edited one is noticed.';
    comment on column pgwhen.migration_files.migration_id is 'Name of the file without its suffix.';
    comment on column pgwhen.migration_files.sha256 is 'SHA-256 of the file as it was when applied, in hexadecimal.';
    comment on column pgwhen.migration_files.applied_at is 'When the migration was applied.';
  end if;
end
$$;

reset role;

set role pgwhen_actions;
comment on schema pgwhen_sandbox is 'Functions that run the database steps of workflows, as the role pgwhen_actions.';
reset role;
