"""`pgwhen migrate`: roles, schemas, pgmq, migrations, queues, then all of sql/ again.

Everything up to the migrations is idempotent and does nothing when there is nothing to do; the migrations are yoyo's,
each in one transaction with its bookkeeping; what has bodies (functions, triggers, views, grants) is applied again
whole, in one transaction. An advisory lock lets one migrate work at a time, and no tick in the middle of it.
"""

import hashlib
import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import click
import psycopg
from psycopg import sql

from .. import sql as source
from .main import Session

#: How long a statement of migrate waits for a lock before it gives up, so that the application never queues behind it
#: for longer.
LOCK_TIMEOUT = "10s"

Report = Callable[[str], None]
Connection = psycopg.Connection[Any]

#: (oid, signature, name) of a function -> where its row is.
Places = dict[tuple[int, str, str], str]


class MigrateError(click.ClickException):
    """The migration stopped; what was done before is committed, the step named is rolled back."""


@dataclass(slots=True)
class Summary:
    """What a migrate did."""

    migrations: list[str] = field(default_factory=list)
    files: int = 0
    skipped: list[str] = field(default_factory=list)
    pgmq: str = ""
    seconds: float = 0.0


def migrate_database(dsn: str, report: Report = lambda message: None) -> Summary:
    """Bring the database to this version of pgwhen; safe to repeat, and to run many at once.

    ``report`` gets a line for each thing done. Raises MigrateError with what to ask the DBA for.
    """
    started = time.monotonic()
    summary = Summary()
    with psycopg.connect(dsn, autocommit=True, application_name="pgwhen migrate") as connection:
        _lock(connection, report)
        connection.execute(sql.SQL("set lock_timeout = {}").format(LOCK_TIMEOUT))
        _run(connection, "roles.sql")
        _run(connection, "schemas.sql")
        summary.pgmq = _install_pgmq(connection, report)
        summary.migrations = _apply_migrations(connection, dsn, report)
        _run(connection, "queues.sql", source.OWNER)
        _apply_all(connection, summary, report)
    summary.seconds = time.monotonic() - started
    return summary


def _lock(connection: Connection, report: Report) -> None:
    """Take the migrate lock until the session ends, waiting for whoever has it."""
    if not _value(connection, f"select pg_try_advisory_lock({source.MIGRATE_LOCK})"):
        report("waiting for another migrate, or for a tick to end")
        connection.execute(f"select pg_advisory_lock({source.MIGRATE_LOCK})")


def _run(connection: Connection, name: str, role: str = "") -> None:
    """Run one of the set-up scripts in a transaction of its own."""
    with connection.transaction():
        if role:
            _set_role(connection, role)
        _execute(connection, f"sql/{name}", source.script(name))


def _set_role(connection: Connection, role: str) -> None:
    """Take a role until the transaction ends."""
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))


def _execute(connection: Connection, name: str, text: str) -> None:
    """Execute the text of a file; an error names the file and the line."""
    try:
        connection.execute(text.encode())
    except psycopg.Error as error:
        if position := error.diag.statement_position:
            name += f":{text.count(chr(10), 0, int(position) - 1) + 1}"
        raise MigrateError(explain(error, name)) from error


def explain(error: psycopg.Error, place: str) -> str:
    """An error of the database in lines: where, what, why, and what to do."""
    diag = error.diag
    lines = [f"{place}: {diag.message_primary or error} (SQLSTATE {error.sqlstate})"]
    lines += [f"  {extra}" for extra in (diag.message_detail, diag.context) if extra]
    if hint := _HINTS.get(error.sqlstate or "") or diag.message_hint:
        lines.append(f"  hint: {hint}")
    return "\n".join(lines)


_HINTS = {
    "42501": (
        "without superuser, migrate needs a role that may CREATE in the database and is a member of pgwhen_owner and"
        " pgwhen_actions; ask the DBA, or have the DBA run the output of: pgwhen migrate --print-sql"
    ),
    "55P03": "another session holds the lock (pg_stat_activity shows which); this step was rolled back, run it again",
    "42P13": "a signature changed: drop the old function in a migration (drop function if exists ...)",
    "2BP01": "something outside pgwhen depends on it; drop that first and make it again afterwards",
}


# ---------------------------------------------------------------- pgmq


def pgmq_sql() -> str:
    """The SQL that the PyPI package pgmq carries, found without importing the package.

    It makes its schema itself unless it exists, and asks for CREATE on the database in both cases; the role that runs
    it here owns the schema already and may not have that right.
    """
    spec = importlib.util.find_spec("pgmq")
    if spec is None or not spec.submodule_search_locations:
        raise MigrateError("the Python package pgmq is not installed; pip install pgmq")
    text = (Path(spec.submodule_search_locations[0]) / "sql" / "pgmq.sql").read_text(encoding="utf-8")
    return text.replace("CREATE SCHEMA IF NOT EXISTS pgmq;", "NULL;")


def _install_pgmq(connection: Connection, report: Report) -> str:
    """Install pgmq if there is none: the extension where the server has it, else plain SQL. Returns which one it is."""
    if _value(connection, "select to_regprocedure('pgmq.create(text)') is null"):
        if _value(connection, "select exists (select from pg_available_extensions where name = 'pgmq')"):
            report("pgmq: create extension")
            with connection.transaction():
                _execute(connection, "pgmq", "create extension if not exists pgmq")
                _execute(connection, "pgmq", PGMQ_GRANTS)
        else:
            report("pgmq: from the SQL of the Python package")
            with connection.transaction():
                connection.execute("create schema if not exists pgmq authorization pgwhen_owner")
                connection.execute("set local role pgwhen_owner")
                _execute(connection, "pgmq.sql", pgmq_sql())
    version = _value(connection, "select extversion from pg_extension where extname = 'pgmq'")
    return f"extension {version}" if version else "SQL"


PGMQ_GRANTS = """
grant usage, create on schema pgmq to pgwhen_owner;
grant select, insert, update, delete on all tables in schema pgmq to pgwhen_owner;
"""


# ---------------------------------------------------------------- migrations


def sha256(path: Path) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def migration_paths() -> list[Path]:
    """The migrations as yoyo counts them, by name."""
    found = (path for path in source.MIGRATIONS.iterdir() if path.suffix in {".sql", ".py"})
    return sorted(path for path in found if not path.name.endswith(".rollback.sql"))


def _apply_migrations(connection: Connection, dsn: str, report: Report) -> list[str]:
    """Apply what is pending; refuse when an applied file was edited."""
    rows = connection.execute("select migration_id, sha256 from pgwhen.migration_files").fetchall()
    applied: dict[str, str] = dict(rows)
    paths = migration_paths()
    if unknown := sorted(applied.keys() - {path.stem for path in paths}):
        raise MigrateError(
            f"this database has migrations that this version of pgwhen does not know: {', '.join(unknown)}\n"
            "  hint: a newer pgwhen migrated it; install that version (pip install --upgrade pgwhen)"
        )
    for path in paths:
        if applied.get(path.stem, digest := sha256(path)) != digest:
            raise MigrateError(
                f"{path.name} was edited after it was applied to this database\n"
                "  hint: restore the file and put the change into a new migration; what is applied stays as it was"
            )
    pending = [path.stem for path in paths if path.stem not in applied]
    if pending:
        # yoyo takes a second to load and makes tables to find out what the database can do: only when it is needed.
        from .yoyo_backend import apply

        apply(dsn, source.MIGRATIONS, pending, LOCK_TIMEOUT, report)
    return pending


# ---------------------------------------------------------------- sql/


def _apply_all(connection: Connection, summary: Summary, report: Report) -> None:
    """Apply all of sql/ in one transaction.

    `create or replace view` keeps what others built on our views, and is refused when columns go or change their type:
    only then are all views dropped and made again.
    """
    try:
        with connection.transaction():
            _apply_files(connection, summary)
    except MigrateError as error:
        if not isinstance(error.__cause__, psycopg.errors.InvalidTableDefinition):
            raise
        report("views: columns changed, making them anew")
        with connection.transaction():
            _set_role(connection, source.OWNER)
            _drop_views(connection, keep=set())
            _apply_files(connection, summary)


def _apply_files(connection: Connection, summary: Summary) -> None:
    """Apply all of sql/ in the current transaction, then refuse functions that have no file."""
    _set_role(connection, source.OWNER)
    connection.execute("set local check_function_bodies = off")
    # Nobody publishes meanwhile: what is captured is found out anew, by the functions of this version.
    connection.execute(f"select pg_advisory_xact_lock({source.DEFINITIONS_LOCK})")
    before = _functions(connection)
    files = source.files()
    skipped = _not_applicable(connection, files)
    for file in files:
        if file not in skipped:
            _apply_file(connection, file)
    _drop_views(connection, keep={file.stem for file in files})
    connection.execute("select pgwhen._refresh_subscriptions()")
    # Before the grants: they too make new rows in pg_proc.
    _refuse_leftovers(before, _functions(connection), {*source.RETIRED, *(file.stem for file in skipped)})
    _apply_file(connection, source.grants())
    summary.files = len(files) - len(skipped)
    summary.skipped = [file.name for file in skipped]


def _not_applicable(connection: Connection, files: list[source.SqlFile]) -> list[source.SqlFile]:
    """Optional files whose language is missing, or is not for us: untrusted languages ask for a superuser."""
    languages = {row[0] for row in connection.execute("select lanname from pg_language").fetchall()}
    superuser = _value(connection, "select rolsuper from pg_roles where rolname = session_user")
    return [file for file in files if file.language and not (superuser and file.language in languages)]


def _apply_file(connection: Connection, file: source.SqlFile) -> None:
    """Apply a file under its owner's role; what only a superuser may create is given to the owner by the file."""
    if file.language:
        connection.execute("reset role")
    elif file.owner != source.OWNER:
        _set_role(connection, file.owner)
    _execute(connection, f"sql/{file.name}", file.text)
    if file.language or file.owner != source.OWNER:
        _set_role(connection, source.OWNER)


def _drop_views(connection: Connection, keep: set[str]) -> None:
    """Drop our views except those named, all at once since they depend on each other."""
    rows = connection.execute(
        """
        select c.relname from pg_class c
        where c.relnamespace = 'pgwhen'::regnamespace and c.relkind = 'v' and c.relname <> all (%s)
        """,
        [list(keep)],
    ).fetchall()
    if rows:
        views = sql.SQL(", ").join(sql.Identifier("pgwhen", row[0]) for row in rows)
        _execute(connection, "views", sql.SQL("drop view {}").format(views).as_string(connection))


def _refuse_leftovers(before: Places, after: Places, known: set[str]) -> None:
    """A function whose row did not move was not made by any file."""
    names = sorted(str(key[1]) for key, place in after.items() if before.get(key) == place and key[2] not in known)
    if names:
        raise MigrateError(
            f"no file in sql/ makes {', '.join(names)}\n"
            "  hint: renamed, removed, or its arguments changed? Drop it in a migration (drop function if exists ...)"
        )


def _functions(connection: Connection) -> Places:
    """Where each function's row is in pg_proc. A replaced function's row is elsewhere, whatever ids the transaction and
    its subtransactions have: the old row cannot go while we run."""
    rows = connection.execute(
        """
        select p.oid::int8, p.oid::regprocedure::text, p.proname, p.ctid::text
        from pg_proc p
        where p.pronamespace in ('pgwhen'::regnamespace, 'pgwhen_sandbox'::regnamespace)
          and not exists (
            select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
          )
        """
    ).fetchall()
    return {(oid, signature, name): place for oid, signature, name, place in rows}


def _value(connection: Connection, query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


# ---------------------------------------------------------------- the command


@click.command()
@click.option("--dsn", metavar="URL", help="The database, if not given before the command.")
@click.option("--print-sql", is_flag=True, help="Print a script for psql that does all of it, and do nothing.")
@click.pass_obj
def migrate(session: Session, dsn: str | None, print_sql: bool) -> None:
    """Install pgwhen in a database, or bring it to this version.

    Safe to repeat and to run at several places at once. Needs a superuser, or a role that may CREATE in the database
    and is a member of pgwhen_owner and pgwhen_actions (--print-sql shows what makes these).
    """
    if print_sql:
        from .migrate_script import script

        click.echo(script(), nl=False)
        return
    summary = migrate_database(dsn or session.dsn(), lambda message: click.echo(message, err=True))
    for name in summary.skipped:
        click.echo(
            f"skipped sql/{name}: its language is not installed in this database, or asks for a superuser", err=True
        )
    applied = ", ".join(summary.migrations) or "none pending"
    click.echo(f"migrations: {applied}; {summary.files} files of sql/; pgmq: {summary.pgmq}; {summary.seconds:.1f} s")
