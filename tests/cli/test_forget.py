"""forget."""

import pytest

from tests.cli.support import Cli
from tests.sql.engine.support import Connection, claim, count, freeze, report, tick
from tests.sql.recover.test_forget_record import NAME, people, prepare, run, where


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_forget(cli: Cli, db: Connection) -> None:
    prepare(db)
    people(db)
    run(db)
    before = where(db)
    done = cli("forget", "clients:7", "--dry-run")
    assert done.code == 0 and "4 executions\n1 unfinished\n" in done.out and where(db) == before
    done = cli("forget", "clients:7")
    assert done.code == 2 and "4 events and 4 executions would be erased, 1 of them cancelled; give --yes" in done.err
    assert where(db) == before
    done = cli("forget", "clients:id=7", "--yes", "--reason", "asked for on paper", "--json")
    assert (done.code, done.json["state"], done.json["counts"]["executions"]) == (0, "forgotten", 4)
    assert where(db) == {} and NAME not in done.out
    done = cli("forget", "clients:7")
    assert (done.code, done.out, done.err) == (0, "", "nothing is known of it\n")
    assert cli("forget", "clients").code == 2
    assert "relation" in cli("forget", "nobody:7").err


def test_it_waits_for_what_is_on_its_way(cli: Cli, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(db)
    people(db)
    tick(db)
    actions = claim(db)
    freeze(db, actions, "sms")
    done = cli("forget", "clients:7", "--yes", "--wait", "0")
    assert done.code == 1 and "are on their way, and nothing is erased yet" in done.err
    assert count(db, "pgwhen.audit_log where command = 'forget_record'") == 0
    monkeypatch.setattr("pgwhen.cli.forget.time.sleep", lambda _: report(db, actions))
    done = cli("forget", "clients:7", "--yes")
    assert done.code == 0
    assert where(db) == {}
