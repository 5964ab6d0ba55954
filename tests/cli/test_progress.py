"""progress, watch."""

import subprocess
import sys
import threading
from typing import Any

import pytest

from pgwhen.cli import progress
from tests.cli.support import Cli
from tests.conftest import Connect
from tests.sql.engine.support import Connection, define, happen, perform, tick


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_progress(cli: Cli) -> None:
    assert cli("progress").out == "progress is off\n"
    assert cli("progress", "on").out == "progress is on\n"
    assert cli("progress", "--json").json == {"progress": True}
    assert cli("progress", "off").out == "progress is off\n"
    assert cli("progress", "maybe").code == 2


def test_watch_an_execution_until_it_ends(cli: Cli, db: Connection, connect: Connect) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")]), {"id": 1})
    tick(db)
    other = connect()
    timer = threading.Timer(0.5, lambda: (perform(other), perform(other)))
    timer.start()
    execution = str(db.execute("select execution_id from pgwhen.executions").fetchone()[0])  # type: ignore[index]
    progress_look, progress.LOOK = progress.LOOK, 0.2
    try:
        done = cli("watch", "--execution", execution)
    finally:
        progress.LOOK = progress_look
        timer.join()
    lines = done.out.splitlines()
    assert done.code == 0 and lines[-1] == "w completed" and "w running" in lines
    assert {"w.a completed", "w.b completed"} <= set(lines)


def test_watch_all_needs_the_switch(cli: Cli) -> None:
    done = cli("watch")
    assert done.code == 1 and "pgwhen progress on" in done.err


def test_watch_goes_on_after_a_lost_connection(db: Connection, dsn: str) -> None:
    db.execute("select pgwhen.set_progress(true)")
    workflow = define(db, [{"id": "a"}])
    command = [sys.executable, "-m", "pgwhen.cli.main", "--dsn", dsn, "watch", "--workflow", "w"]
    listeners = "select pid from pg_stat_activity where query = 'listen pgwhen_progress' and state = 'idle'"

    def wait_for_listener() -> None:
        while not (found := db.execute(listeners).fetchall()):
            pass
        assert len(found) == 1

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            wait_for_listener()
            db.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where query = 'listen pgwhen_progress'"
            )
            wait_for_listener()
            happen(db, workflow, {"id": 1})
            tick(db)
            assert process.stdout.readline().endswith(" w started\n")
            assert process.stdout.readline().endswith(" w.a step started\n")
        finally:
            process.terminate()


def test_counts_in_words() -> None:
    told: dict[str, Any] = {"workflow": "w", "counts": {"step_failed": 400}}
    assert list(progress._lines(told)) == ["w: 400 step failed"]
