"""What `pgwhen migrate` does, as one script for psql: for those whose DBA applies everything by hand.

It asks the database what is there with psql's own ``\\gset`` and ``\\if``, so that one script serves a new database and
every older one, and leaves the same bookkeeping: a later `pgwhen migrate` finds nothing to do.
"""

import hashlib
from importlib.metadata import version
from pathlib import Path

from .. import sql as source
from .migrate import LOCK_TIMEOUT, PGMQ_GRANTS, MigrateError, migration_paths, pgmq_sql, sha256

_HEAD = r"""-- pgwhen {version}: everything that `pgwhen migrate` does, for psql. Safe to repeat.
--   psql -X -d DATABASE -f this-file
-- Run it as a superuser, or as a role that may CREATE in the database and create roles; where the roles exist, as a
-- member of pgwhen_owner and pgwhen_actions.
\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;
set lock_timeout = 0;
\o /dev/null
select pg_advisory_lock({lock});
\o
set lock_timeout = '{timeout}';
"""

_PGMQ = r"""
-- pgmq: the extension where the server has it, else its SQL.
select to_regprocedure('pgmq.create(text)') is null as pgwhen_no_pgmq,
  exists (select from pg_available_extensions where name = 'pgmq') as pgwhen_has_extension \gset
\if :pgwhen_no_pgmq
\if :pgwhen_has_extension
begin;
create extension pgmq;
{grants}
commit;
\else
begin;
create schema if not exists pgmq authorization pgwhen_owner;
set local role pgwhen_owner;
{pgmq}
commit;
\endif
\endif
"""

_KNOWN = r"""
-- Refuse what `pgwhen migrate` refuses: migrations of a newer version, and edited ones.
do $$
declare
  v_problem text;
begin
  select string_agg(f.migration_id, ', ') into v_problem
  from pgwhen.migration_files f
  where not exists (
    select from (values {known}) k (migration_id, sha256)
    where k.migration_id = f.migration_id and k.sha256 = f.sha256
  );
  if v_problem is not null then
    raise exception 'migrations of another version, or edited after they were applied: %', v_problem;
  end if;
end
$$;
"""

_MIGRATION = r"""
-- Migration {id}.
select not exists (select from pgwhen._yoyo_migration where migration_id = '{id}') as pgwhen_pending \gset
\if :pgwhen_pending
begin;
set local role pgwhen_owner;
set local search_path = pgwhen, pg_catalog;
{text}
insert into pgwhen._yoyo_migration values ('{hash}', '{id}', now() at time zone 'utc');
insert into pgwhen._yoyo_log (id, migration_hash, migration_id, operation, username, created_at_utc)
values (gen_random_uuid(), '{hash}', '{id}', 'apply', session_user, now() at time zone 'utc');
insert into pgwhen.migration_files (migration_id, sha256) values ('{id}', '{sha256}');
commit;
\endif
"""

_QUEUES = r"""
-- Queues.
begin;
set local role pgwhen_owner;
{queues}
commit;

-- Functions, triggers, views and grants, in one transaction.
begin;
set local role pgwhen_owner;
set local check_function_bodies = off;
-- Nobody publishes meanwhile: what is captured is found out anew, by the functions of this version.
\o /dev/null
select pg_advisory_xact_lock({lock});
\o
do $$
declare
  v_views text;
begin
  select string_agg(c.oid::regclass::text, ', ') into v_views
  from pg_class c
  where c.relnamespace = 'pgwhen'::regnamespace and c.relkind = 'v';
  if v_views is not null then
    execute 'drop view ' || v_views;
  end if;
end
$$;
"""

_OPTIONAL = r"""
select exists (select from pg_language where lanname = '{language}')
  and (select rolsuper from pg_roles where rolname = session_user) as pgwhen_applicable \gset
\if :pgwhen_applicable
reset role;
{text}
set local role pgwhen_owner;
\endif
"""

_LEFTOVERS = r"""
\o /dev/null
select pgwhen._refresh_subscriptions();
\o

-- A function that nothing above made. Before the grants: they too make new rows in pg_proc.
do $$
declare
  v_leftovers text;
begin
  select string_agg(p.oid::regprocedure::text, ', ') into v_leftovers
  from pg_proc p
  where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace)
    and p.xmin <> pg_current_xact_id()::xid
    and p.proname <> all (array[{known}]::name[])
    and not exists (
      select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    );
  if v_leftovers is not null then
    raise exception 'nothing in this script makes %', v_leftovers
      using hint = 'It is not of pgwhen; drop it, or move it to another schema.';
  end if;
end
$$;
"""

_TAIL = r"""
commit;
\o /dev/null
select pg_advisory_unlock({lock});
\o
\echo pgwhen {version} is installed
"""


def script() -> str:
    """The whole script. Raises MigrateError for a migration that psql cannot run (one in Python)."""
    files = source.files()
    names = {"version": version("pgwhen"), "lock": source.MIGRATE_LOCK, "timeout": LOCK_TIMEOUT}
    paths = migration_paths()
    known = ", ".join(f"('{path.stem}', '{sha256(path)}')" for path in paths)
    left = [*source.RETIRED, *(file.stem for file in files if file.language)]
    parts = [
        _HEAD.format(**names),
        _titled("sql/roles.sql", source.script("roles.sql")),
        "begin;",
        _titled("sql/schemas.sql", source.script("schemas.sql")),
        "commit;",
        _PGMQ.format(grants=PGMQ_GRANTS.strip(), pgmq=pgmq_sql()),
        _KNOWN.format(known=known),
        *map(_migration, paths),
        _QUEUES.format(queues=source.script("queues.sql"), lock=source.DEFINITIONS_LOCK),
        *map(_file, files),
        _LEFTOVERS.format(known=", ".join(f"'{name}'" for name in left)),
        _titled("sql/grants.sql", source.grants().text),
        _TAIL.format(**names),
    ]
    return "\n".join(parts)


def _titled(name: str, text: str) -> str:
    return f"-- {name}\n{text}"


def _migration(path: Path) -> str:
    if path.suffix != ".sql":
        raise MigrateError(f"{path.name} is not SQL and cannot be put into a script; run pgwhen migrate")
    digest = hashlib.sha256(path.stem.encode()).hexdigest()
    return _MIGRATION.format(id=path.stem, text=path.read_text(encoding="utf-8"), hash=digest, sha256=sha256(path))


def _file(file: source.SqlFile) -> str:
    text = _titled(f"sql/{file.name}", file.text)
    if file.language:
        return _OPTIONAL.format(language=file.language, text=text)
    if file.owner != source.OWNER:
        return f"set local role {file.owner};\n{text}\nset local role {source.OWNER};"
    return text
