"""kill-switch, release, discard."""

import pytest

from tests.cli.support import Cli
from tests.sql.engine.support import Connection, claim, count, define, executions, happen, perform, steps
from tests.sql.recover.test_release_held import NOON, outage


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_kill_switch(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    assert cli("kill-switch").err == "no kill switch is thrown\n"
    assert cli("kill-switch", "on").code == 2, "a reason is required"
    done = cli("kill-switch", "on", "--workflow", "w", "--reason", "wrong prices")
    assert (done.code, done.out) == (0, "kill switch of w: thrown\n")
    assert cli("kill-switch", "on", "--workflow", "w", "--reason", "x", "--json").json == {"result": "already thrown"}
    assert claim(db) == []
    out = cli("kill-switch").out
    assert "wrong prices" in out and "workflow" in out
    assert cli("kill-switch", "list", "--json").json[0]["held"] == 1
    assert "held by kill switch" in cli("queue").out
    assert cli("doctor").code == 1
    assert cli("kill-switch", "off").out == "kill switch of the tenant: was not thrown\n"
    assert cli("kill-switch", "off", "--workflow", "w").out == "kill switch of w: off; 1 actions go on\n"
    assert perform(db) == ["a"]
    assert cli("kill-switch", "on", "--all", "--workflow", "w", "--reason", "x").code == 1


@pytest.fixture
def noon(db: Connection) -> None:
    """The fake clock of the outage for the sessions of the command line, too."""
    db.execute(f"alter database \"{db.info.dbname}\" set pgwhen.now = '{NOON}'".encode())


@pytest.mark.usefixtures("noon")
def test_release(cli: Cli, db: Connection) -> None:
    assert cli("release", "--cause", "stale").err == "no action is held that this selects\n"
    outage(db)
    claim(db)
    assert "stale" in cli("queue", "--actions").out and "held as stale" in cli("queue").out
    assert cli("release", "--cause", "stale").code == 1, "nobody is there to say yes"
    assert count(db, "pgwhen.held") == 1
    done = cli("release", "--cause", "stale", "--since", "2h", "--yes")
    assert (done.code, done.out) == (0, "1 actions released\n")
    assert perform(db) == ["a"]


@pytest.mark.usefixtures("noon")
def test_discard(cli: Cli, db: Connection) -> None:
    outage(db)
    claim(db)
    assert cli("discard", "--cause", "stale", "--yes").code == 2, "a reason is required"
    done = cli("discard", "--workflow", "w", "--reason", "too late", "--yes", "--json")
    assert (done.code, done.json) == (0, {"discarded": 1})
    assert perform(db) == ["b"] and steps(db) == {"a": "skipped", "b": "completed"}
    assert executions(db) == ["completed"]
    assert "too late" in cli("show", str(db.execute("select execution_id from pgwhen.executions").fetchone()[0])).out  # type: ignore[index]
