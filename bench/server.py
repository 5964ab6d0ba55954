"""The PostgreSQL server that the benchmarks run on, with the settings of a production server, and its databases."""

import contextlib
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pgwhen.cli import embedded
from pgwhen.cli.migrate import migrate_database, pgmq_sql

#: A commit waits for the disk. No checkpoint falls into a run: it would be charged to whoever is measured then.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "32GB",
    "checkpoint_timeout": "1d",
    "autovacuum": "on",
    "timezone": "UTC",
    "log_min_messages": "warning",
}

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A running server."""

    server: embedded.Server

    def create(self, name: str, *, migrated: bool = True) -> str:
        """A fresh database, with pgwhen or with pgmq alone; returns its URL."""
        with psycopg.connect(self.server.dsn("postgres"), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}" with (force)')
            admin.execute(f'create database "{name}"')
        dsn = self.server.dsn(name)
        if migrated:
            migrate_database(dsn)
        else:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("create schema pgmq")
                connection.execute(pgmq_sql().encode())
        return dsn

    def program(self, name: str) -> str:
        """Path of a program of PostgreSQL, for example pgbench."""
        return str(self.server.binaries / name)


@contextlib.contextmanager
def running(folder: Path | None = None) -> Iterator[Place]:
    """A server of its own in a temporary folder (below ``folder``), started, and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="pgwhen-bench-", dir=folder, ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # PostgreSQL runs as another user when root starts it
        server = embedded.Server(embedded.binaries(embedded.version()), Path(home) / "data")
        try:
            server.create()
            server.start(SETTINGS)
            yield Place(server)
        finally:
            server.remove()


def connect(dsn: str) -> Connection:
    """A connection in autocommit mode."""
    return psycopg.connect(dsn, autocommit=True)


# ---------------------------------------------------------------- what several benchmarks set up

#: The table that the application writes to; floor.sql has the same.
COLUMNS = """
  id bigint generated always as identity primary key,
  email text,
  name text,
  status text,
  score integer,
  created_at timestamptz default now()
"""


def create_table(connection: Connection, name: str) -> None:
    """A table of the application."""
    connection.execute(f"create table {name} ({COLUMNS})")


def insert_rows(connection: Connection, table: str, count: int) -> None:
    """Insert rows in one statement."""
    connection.execute(
        f"insert into {table} (email, name, status, score) "
        f"select 'ann@example.com', 'Ann', 'new', g from generate_series(1, {count}) g"
    )


def attach(connection: Connection, table: str) -> None:
    """Attach a table."""
    connection.execute("select pgwhen.attach(%s)", [table])


def apply(connection: Connection, definition: dict[str, Any]) -> None:
    """Apply and publish a workflow."""
    connection.execute("select pgwhen.apply_definition(%s)", [Jsonb(definition)])


def workflow(name: str, when: dict[str, Any], url: str = "http://127.0.0.1:9") -> dict[str, Any]:
    """A workflow with one action: a POST of three columns."""
    body = {"email": "{{ new.email }}", "name": "{{ new.name }}", "score": "{{ new.score }}"}
    step = {"id": "post", "type": "http", "method": "POST", "url": url + "/{{ new.id }}", "json": body}
    return {"workflow": name, "name": name, "when": when, "steps": [step]}


def forget(connection: Connection) -> None:
    """Empty pgwhen's history, hot state and queues, so that each round starts alike."""
    history = ("events", "executions", "execution_steps", "frozen_messages", "attempts", "logs")
    hot = ("unfinished", "failures", "sleepers", "ready", "held", "waits")
    tables = [f"pgwhen.{table}" for table in (*history, *hot)] + ["pgmq.q_pgwhen_events", "pgmq.q_pgwhen_actions"]
    connection.execute(f"truncate {', '.join(tables)}")


# ---------------------------------------------------------------- the machine


def facts(place: Place) -> dict[str, str]:
    """What the figures depend on: the machine, the versions, the settings."""
    with connect(place.server.dsn("postgres")) as connection:
        version = connection.execute("select current_setting('server_version')").fetchone()
        rows = connection.execute(
            "select name, current_setting(name) from pg_settings where name = any (%s)", [list(SETTINGS)]
        ).fetchall()
    shown = (f"{name}={value}" for name, value in sorted(rows) if name not in ("timezone", "log_min_messages"))
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {_memory():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "PostgreSQL": str(version[0]) if version else "",
        "Python": platform.python_version(),
        "settings": ", ".join(shown),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
