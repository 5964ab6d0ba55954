"""versions, diff, rollback, migrate-executions."""

from pathlib import Path

import psycopg
import pytest

from tests.cli.support import Cli

TABLES = "create table jobs (id int primary key, title text); select pgwhen.attach('jobs');"
NAP = "{id: nap, type: delay, for: 1 day}"


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Two versions; an execution on the first."""
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(TABLES)
        command = Cli(dsn, capsys)
        for text in ("one", "two"):
            file = tmp_path / "w.yaml"
            sms = f"{{id: a, type: sms, to: '1', text: {text}}}"
            file.write_text(f"workflow: w\nwhen: {{table: jobs, row: created}}\nsteps: [{NAP}, {sms}]\n")
            assert command("apply", str(file)).code == 0
            if text == "one":
                db.execute("insert into jobs values (1), (2)")
                db.execute("select pgwhen.tick()")
    return command


def test_versions(cli: Cli) -> None:
    assert [(row["version"], row["state"], row["unfinished"]) for row in cli("versions", "w", "--json").json] == [
        (2, "active", 0),
        (1, "replaced", 2),
    ]
    assert "replaced" in cli("versions", "w").out


def test_diff(cli: Cli) -> None:
    assert cli("diff", "w", "1", "2").out == "step a text changed\n  - one\n  + two\n"
    assert cli("diff", "w", "1", "1").err == "1 and 1 are the same\n"
    assert cli("diff", "w", "1", "2", "--json").json["changes"][0]["step"] == "a"
    done = cli("diff", "w")
    assert done.code == 1 and "no draft" in done.err


def test_rollback(cli: Cli) -> None:
    done = cli("rollback", "w", "1", "--reason", "two was wrong")
    assert (done.code, done.err) == (
        0,
        "w is on version 3, which is version 1 again; it was on 2\n  2 unfinished on version 1\n",
    )
    assert cli("rollback", "w", "1").code == 1


def test_migrate_executions(cli: Cli) -> None:
    assert "2 executions of w can go on in version 2" in cli("migrate-executions", "w", "--dry-run").err
    done = cli("migrate-executions", "w", "--json").json
    assert (done["moved"], done["refused"], done["to"]) == (2, [], 2)


def test_migrate_executions_says_why_some_stay(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text("workflow: w\nwhen: {table: jobs, row: created}\nsteps: [{id: a, type: sms, to: '1', text: x}]\n")
    assert cli("apply", str(file)).code == 0
    done = cli("migrate-executions", "w")
    assert done.err.startswith("0 executions of w go on in version 3")
    assert "step nap has begun, and version 3 does not have it" in done.out


def test_apply_says_how_many_rows_are_not_started(cli: Cli, tmp_path: Path) -> None:
    with psycopg.connect(cli.dsn, autocommit=True) as db:
        db.execute("grant select on jobs to pgwhen_actions")
    file = tmp_path / "x.yaml"
    file.write_text("workflow: x\nwhen: {table: jobs, row: created}\nsteps: [{id: a, type: sms, to: '1', text: x}]\n")
    assert "rows that are there match and are not started: 2; pgwhen backfill x" in cli("apply", str(file)).out


def test_delete(cli: Cli) -> None:
    done = cli("delete", "w")
    assert done.code == 1 and "pgwhen archive w lets them end" in done.err
    assert cli("delete", "w", "--cancel").err == "w is archived; 2 executions were cancelled\n"
