"""logs."""

import pytest

from tests.cli.support import Cli
from tests.sql.engine.support import Connection, define, happen, tick
from tests.sql.operate.test_list_logs import write


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_logs(cli: Cli, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("logs").err == "no remarks\n"
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    write(db, "info", "première")
    write(db, "warning", "second\x1b[0m")
    execution = str(db.execute("select execution_id from pgwhen.executions").fetchone()[0])  # type: ignore[index]
    done = cli("logs", execution)
    assert done.code == 0 and "w: première\n" in done.out and "second\\x1b[0m\n" in done.out
    assert [row["message"] for row in cli("logs", "--level", "warning", "--since", "2h", "--json").json] == [
        "second\x1b[0m"
    ]
    assert cli("logs", "--workflow", "nope").code == 1

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pgwhen.cli.logs.time.sleep", stop)
    done = cli("logs", "--follow", "--limit", "1")
    assert done.code == 130 and len(done.out.splitlines()) == 1, "the latest; then it waits for more"
