"""attach and detach."""

import pytest

from tests.cli.support import Cli
from tests.sql.engine.support import Connection, count


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def test_several_at_once_and_back(cli: Cli, db: Connection) -> None:
    for name in ("leads", "jobs"):
        db.execute(f"create table {name} (id int primary key, api_token text)")
    done = cli("attach", "leads", "public.jobs")
    assert (
        done.code == 0 and done.out.splitlines() == ["leads: attached as lead", "jobs: attached as job"]
    ) or done.out
    assert "api_token" in done.err, "it says what it leaves out"
    assert count(db, "pgwhen.attachments") == 2
    results = cli("detach", "leads", "jobs", "--json").json
    assert len(results) == 2
    assert db.execute("select count(*) from pgwhen.attachments where detached_at is null").fetchone() == (0,)


def test_options(cli: Cli, db: Connection) -> None:
    db.execute("create table people (id int primary key, ssn text, note text)")
    (result,) = cli("attach", "people", "--alias", "guest", "--exclude", "ssn, note", "--no-doorbell", "--json").json
    assert (result["alias"], sorted(result["excluded"]), result["doorbell"]) == ("guest", ["note", "ssn"], False)


def test_what_was_done_before_an_error_is_told(cli: Cli, db: Connection) -> None:
    db.execute("create table leads (id int primary key)")
    done = cli("attach", "leads", "nope", "--json")
    assert done.code == 1 and 'relation "nope" does not exist' in done.err
    assert [entry["alias"] for entry in done.json] == ["lead"]
    assert cli("detach", "leads").code == 0
    assert cli("detach", "leads").code == 1


def test_wrong_usage(cli: Cli) -> None:
    assert cli("attach").code == 2
    assert cli("attach", "a", "b", "--alias", "x").code == 2
    assert cli("detach").code == 2
