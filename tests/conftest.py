"""A PostgreSQL for the tests, and a migrated database for each.

PGWHEN_TEST_SERVER chooses the server: 18 (the embedded one, default), 16 (embedded), debian (Debian's 15, with
plpython3u and plpgsql_check), or the folder of any other's programs. One server serves a whole run, all xdist workers
together; it is started by the first test that needs it. Its database `template` is migrated once; every test that asks
for ``dsn`` gets a clone.

Fixtures: ``dsn`` (URL, superuser, a fresh migrated database), ``db`` (a connection to it, autocommit), ``connect``
(further connections, as any role), ``login`` (URL of a login role that is a member of a role), ``empty_dsn`` (a
database without pgwhen), ``server`` (the server itself), ``own_server`` (a private one to restart, stop and kill).
"""

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pytest_postgresql.janitor import DatabaseJanitor

from pgwhen.cli import embedded
from pgwhen.cli.migrate import MigrateError, migrate_database

KIND = os.environ.get("PGWHEN_TEST_SERVER", "18")
DEBIAN = Path("/usr/lib/postgresql/15/bin")
PREFIX = "pgwhen-test-"
TEMPLATE = "template_pgwhen"

#: Nothing outlives a test run, hence no fsync; commits are visible, and processes killed, as anywhere.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "max_connections": "200",
    "max_prepared_transactions": "20",
    "autovacuum_naptime": "1d",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def _binaries() -> Path:
    if KIND.isdigit():
        return embedded.binaries(int(KIND))
    folder = DEBIAN if KIND == "debian" else Path(KIND).resolve()
    if not (folder / "postgres").exists():
        hint = "; install the package postgresql-15" if KIND == "debian" else ""
        raise pytest.UsageError(f"PGWHEN_TEST_SERVER={KIND}: there is no PostgreSQL in {folder}{hint}")
    return folder


# ---------------------------------------------------------------- one folder a run, shared by all workers


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the run makes the folder of its server; workers are told which it is."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    for name in ("PGWHEN_DSN", "DATABASE_URL", "PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSERVICE"):
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):
        _binaries()  # says here, once, that there are none
        _remove_abandoned()
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_place())
        os.chmod(folder, 0o755)
        os.environ["PGWHEN_TEST_FOLDER"] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that started the run stops the server."""
    if not hasattr(config, "workerinput") and "PGWHEN_TEST_FOLDER" in os.environ:
        _remove(Path(os.environ.pop("PGWHEN_TEST_FOLDER")))


def _place() -> Path:
    """Memory where there is room: a clone of the template is 300 files, seven times as fast as on a disk."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30:
        return memory
    return Path(tempfile.gettempdir())


def _remove_abandoned() -> None:
    """Stop the servers of runs that were killed."""
    for folder in _place().glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            _remove(folder)


def _remove(folder: Path) -> None:
    for data in folder.glob("data*"):
        with contextlib.suppress(embedded.EmbeddedError, OSError):
            embedded.Server(_binaries(), data).remove()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> embedded.Server:
    """The server of this run, started, with the migrated template."""
    folder = Path(os.environ["PGWHEN_TEST_FOLDER"])
    server = embedded.Server(_binaries(), folder / "data")
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.create()
        server.start(SETTINGS)
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
            if admin.execute("select from pg_database where datname = %s", [TEMPLATE]).fetchone() is None:
                _make_template(server, admin)
    return server


def _make_template(server: embedded.Server, admin: psycopg.Connection[Any]) -> None:
    """Migrate a database under another name first: a failed migration leaves no template."""
    admin.execute("drop database if exists template_new")
    admin.execute("create database template_new")
    try:
        install(server.dsn("template_new"))
    except MigrateError as error:
        pytest.fail(f"migrate: {error.message}", pytrace=False)
    admin.execute(f"alter database template_new rename to {TEMPLATE}")


def install(dsn: str) -> None:
    """What a test database has: pgwhen, and on Debian's server the languages of the optional parts."""
    if KIND == "debian":
        with psycopg.connect(dsn, autocommit=True) as connection:
            for extension in ("plpython3u", "plpgsql_check"):
                connection.execute(f"create extension if not exists {extension}")
    migrate_database(dsn)


# ---------------------------------------------------------------- databases and connections


@contextlib.contextmanager
def _database(server: embedded.Server, template: str) -> Iterator[str]:
    """A clone of a template, made and dropped by pytest-postgresql; what was prepared in it is rolled back first."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    address = conninfo_to_dict(server.dsn("postgres"))
    janitor = DatabaseJanitor(
        user=str(address["user"]),
        host=str(address["host"]),
        port=address.get("port") or 5432,
        dbname=name,
        template_dbname=template,
    )
    with janitor:
        yield server.dsn(name)
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            for (gid,) in connection.execute(
                "select gid from pg_prepared_xacts where database = %s", [name]
            ).fetchall():
                connection.execute(f"rollback prepared '{gid}'")


@pytest.fixture
def dsn(server: embedded.Server) -> Iterator[str]:
    """URL of a fresh migrated database, as the superuser."""
    with _database(server, TEMPLATE) as dsn:
        yield dsn


@pytest.fixture
def empty_dsn(server: embedded.Server) -> Iterator[str]:
    """URL of a fresh database without pgwhen, as the superuser."""
    with _database(server, "template0") as dsn:
        yield dsn


Connect = Callable[..., psycopg.Connection[Any]]


@pytest.fixture
def connect(dsn: str) -> Iterator[Connect]:
    """Open further connections to ``dsn``: ``connect(user="pgwhen_poller", autocommit=False, row_factory=dict_row)``.

    ``user`` may be a NOLOGIN role: the session's user is set to it. What is not closed is closed after the test.
    """
    with contextlib.ExitStack() as stack:

        def open_connection(user: str | None = None, **options: Any) -> psycopg.Connection[Any]:
            autocommit = options.pop("autocommit", True)
            connection = psycopg.connect(dsn, autocommit=True, **options)
            stack.callback(connection.close)
            if user:
                connection.execute(f'set session authorization "{user}"')
            connection.autocommit = autocommit
            return connection

        yield open_connection


@pytest.fixture
def db(connect: Connect) -> psycopg.Connection[Any]:
    """A connection to ``dsn`` as the superuser, in autocommit mode, rows as tuples."""
    return connect()


@pytest.fixture
def login(dsn: str, server: embedded.Server) -> Callable[..., str]:
    """``login("pgwhen_poller")``: the URL of a login role ``test_pgwhen_poller`` that is a member of that role."""

    def make(*roles: str) -> str:
        name = "_".join(["test", *roles])
        made_meanwhile = contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation)
        with psycopg.connect(dsn, autocommit=True) as admin, made_meanwhile:
            admin.execute(f'create role "{name}" login in role {", ".join(roles)}')
        return dsn.replace("postgresql://postgres@", f"postgresql://{name}@")

    return make


@pytest.fixture
def bare_server() -> Iterator[embedded.Server]:
    """A private server without pgwhen and its roles, started."""
    folder = Path(os.environ["PGWHEN_TEST_FOLDER"])
    server = embedded.Server(_binaries(), folder / f"data-{uuid.uuid4().hex[:8]}")
    try:
        server.create()
        server.start(SETTINGS)
        yield server
    finally:
        server.remove()


@dataclass(slots=True)
class OwnServer:
    """A private server: ``dsn`` is its migrated database."""

    server: embedded.Server
    dsn: str

    def restart(self, mode: str = "fast") -> None:
        """Stop (smart, fast, immediate) and start again; an immediate stop is a crash that recovery follows."""
        self.server.stop(mode)
        self.server.start(SETTINGS)

    def stop(self, mode: str = "fast") -> None:
        """Stop it."""
        self.server.stop(mode)

    def start(self) -> None:
        """Start it again."""
        self.server.start(SETTINGS)

    def kill9(self, pid: int) -> None:
        """kill -9 one backend: the postmaster then ends all others and recovers."""
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def own_server(bare_server: embedded.Server) -> OwnServer:
    """A private server with a migrated database, for tests that restart it or kill its processes."""
    with psycopg.connect(bare_server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("create database pgwhen")
    install(bare_server.dsn())
    return OwnServer(bare_server, bare_server.dsn())
