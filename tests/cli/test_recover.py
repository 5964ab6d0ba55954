"""retry with scopes, cancel and skip-step in bulk, replay, backfill."""

import json
import uuid
from typing import Any

import pytest

from tests.cli.support import Cli
from tests.sql.engine.support import (
    Connection,
    claim,
    count,
    define,
    executions,
    freeze,
    happen,
    perform,
    report,
    send,
    steps,
    tick,
)


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def ids(db: Connection) -> list[str]:
    """The executions."""
    return [str(row[0]) for row in db.execute("select execution_id from pgwhen.executions order by 1").fetchall()]


def events(db: Connection) -> list[str]:
    """The events."""
    return [str(row[0]) for row in db.execute("select event_id from pgwhen.events order by 1").fetchall()]


AB = [{"id": "a"}, {"id": "b"}]
CHAIN = [("a", "b", "success")]

# ---------------------------------------------------------------- retry


def test_retry_from_the_start_asks_where_messages_leave_again(cli: Cli, db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db)
    perform(db, "permanent")
    done = cli("retry", *ids(db), "--from-start")
    assert done.code == 2 and "1 message that may have left before would leave again; give --yes" in done.err
    assert executions(db) == ["failed"]
    done = cli("retry", *ids(db), "--from-start", "--yes", "--reason", "new price")
    assert done.code == 0 and "retried" in done.out
    assert steps(db) == {"a": "queued"}


def test_retry_from_a_step_and_what_follows(cli: Cli, db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db)
    perform(db, "permanent")
    assert cli("retry", *ids(db), "--following").code == 0, "nothing behind the failed step had left"
    perform(db, "permanent")
    done = cli("retry", *ids(db), "--from", "a", "--yes", "--json")
    assert done.code == 0 and done.json[0]["result"] == "retried" and done.json[0]["again"] == 1
    done = cli("retry", *ids(db), "--from", "aa", "--yes")
    assert done.code == 1 and "step aa does not exist" in done.err


def test_retry_with_another_input_is_shown(cli: Cli, db: Connection) -> None:
    trigger = {"kind": "event", "attachment_id": None, "operations": [], "event_type": "thing.done"}
    define(db, [{"id": "a", "reads": [["input"]]}], key="event:default:thing.done", trigger=trigger)
    send(db, {"v": 1, "operation": "event", "type": "thing.done", "tenant": "default", "input": {"n": 1}})
    perform(db, "permanent")
    assert cli("retry", *ids(db), "--input", '{"n": 2}').code == 0
    assert claim(db)[0]["context"]["input"] == {"n": 2}
    assert 'input edited by an operator: {"n": 2}' in cli("show", *ids(db)).out


@pytest.mark.parametrize(
    "arguments",
    [
        ["0000", "--from-start", "--following"], ["0000", "--from", "a", "--from-start"], ["0000", "--input", "[]"],
        ["0000", "--version", "3"], ["0000", "--step", "a"], ["0000", "--until", "2h"], ["0000", "--failed"],
    ],
)  # fmt: skip
def test_retry_wrong_usage(cli: Cli, arguments: list[str]) -> None:
    assert cli("retry", *arguments).code == 2


def test_retry_by_filter(cli: Cli, db: Connection) -> None:
    first = define(db, AB, CHAIN, name="welcome")
    happen(db, first, {"id": 1}, {"id": 2})
    actions = claim(db)
    freeze(db, actions)
    report(db, actions[:1], "permanent")
    report(db, actions[1:])
    perform(db, "permanent", error={"code": "no_such_address", "message": "x"})
    assert cli("retry", "--failed", "--error-code", "other").err == "nothing has failed\n"
    assert cli("retry", "--failed", "--until", "2h").err == "nothing has failed\n"
    done = cli("retry", "--failed", "--step", "b", "--workflow", "welcome", "--error-code", "no_such_address")
    assert (done.code, done.out) == (0, "1 retried, 0 not\n")
    done = cli("retry", "--failed", "--workflow", "wellcome")
    assert done.code == 1 and "hint: Did you mean welcome?" in done.err


# ---------------------------------------------------------------- cancel, skip-step


def test_cancel_by_filter(cli: Cli, db: Connection) -> None:
    happen(db, define(db, AB, CHAIN, name="welcome"), {"id": 1}, {"id": 2})
    tick(db)
    assert cli("cancel", "--workflow", "welcome", "--step", "b").err == "nothing is unfinished\n"
    done = cli("cancel", "--workflow", "welcome", "--step", "a")
    assert done.code == 2 and "2 executions would be cancelled; give --yes" in done.err
    done = cli("cancel", "--workflow", "welcome", "--since", "2h", "--yes")
    assert (done.code, done.out) == (0, "2 cancelled, 0 not\n")
    assert executions(db) == ["cancelled"] * 2
    assert cli("cancel", ids(db)[0], "--workflow", "welcome").code == 2


def test_skip_step(cli: Cli, db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db, "permanent")
    (execution,) = ids(db)
    assert cli("skip-step", execution, "a").code == 2, "a reason is asked for"
    done = cli("skip-step", execution, "a", "--reason", "sent by hand", "--output", '{"status": 200}')
    assert done.code == 0 and "skipped" in done.out
    assert steps(db) == {"a": "skipped", "b": "queued"}
    assert "skipped by postgres: sent by hand" in cli("show", execution).out
    done = cli("skip-step", execution, "a", "--reason", "again", "--json")
    assert done.code == 1 and done.json == [{"execution_id": execution, "result": "step a is skipped"}]
    done = cli("skip-step", execution, "bb", "--reason", "x")
    assert done.code == 1 and "step bb does not exist" in done.err


def test_skip_step_by_filter(cli: Cli, db: Connection) -> None:
    happen(db, define(db, AB, CHAIN, name="welcome"), {"id": 1}, {"id": 2})
    tick(db)
    assert cli("skip-step", "a", "--failed", "--reason", "x").err == "no execution is at it\n"
    done = cli("skip-step", "a", "--open", "--workflow", "welcome", "--reason", "x")
    assert done.code == 2 and "a would be skipped in 2 executions; give --yes" in done.err
    done = cli("skip-step", "a", "--open", "--workflow", "welcome", "--reason", "x", "--yes")
    assert (done.code, done.out) == (0, "2 skipped, 0 not\n")
    perform(db, "permanent")
    assert cli("skip-step", "b", "--failed", "--reason", "x", "--yes").out == "2 skipped, 0 not\n"
    assert executions(db) == ["completed"] * 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["a"], ["0000", "a", "--failed"], ["a", "--failed", "--open"], ["0000", "a", "--since", "2h"],
        ["a", "--failed", "--step", "a"], ["0000", "a", "--output", "no json"], [],
    ],
)  # fmt: skip
def test_skip_step_wrong_usage(cli: Cli, arguments: list[str]) -> None:
    assert cli("skip-step", *arguments, "--reason", "x").code == 2


# ---------------------------------------------------------------- replay


def test_replay_an_event(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}], name="welcome"), {"id": 1})
    tick(db)
    (event,) = events(db)
    done = cli("replay", event, "--dry-run")
    assert done.code == 0 and "1 event: 1 execution would start" in done.out and "welcome" in done.out
    assert len(executions(db)) == 1
    done = cli("replay", event, "--reason", "lost")
    assert (done.code, done.out) == (0, "1 queued, 0 not\n")
    tick(db)
    assert len(executions(db)) == 2
    done = cli("replay", str(uuid.uuid4()))
    assert done.code == 1 and "not found" in done.out


def test_replay_a_range(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}], name="welcome"), *({"id": n} for n in range(3)))
    tick(db)
    assert cli("replay", "--since", "2999-01-01").err == "no event\n"
    done = cli("replay", "--since", "2h", "--table", "leads")
    assert done.code == 2 and "3 events would start up to 3 executions; give --yes" in done.err
    done = cli("replay", "--since", "2h", "--table", "leads", "--workflow", "welcome", "--key", "k", "--yes", "--json")
    assert [row["result"] for row in done.json] == ["queued"] * 3
    tick(db)
    assert len(executions(db)) == 6
    done = cli("replay", "--since", "2h", "--key", "k", "--yes")
    assert done.code == 0 and "0 queued, 3 not" in done.out
    db.execute("update pgwhen.workflows set status = 'archived'")
    done = cli("replay", "--since", "2h")
    assert done.code == 0 and "none of them would start anything" in done.err
    done = cli("replay", "--since", "2h", "--table", "laeds")
    assert done.code == 1 and "hint: Did you mean leads?" in done.err


@pytest.mark.parametrize("arguments", [[], ["nope"], ["00000000-0000-0000-0000-000000000000", "--since", "2h"]])
def test_replay_wrong_usage(cli: Cli, arguments: list[str]) -> None:
    assert cli("replay", *arguments).code == 2


# ---------------------------------------------------------------- backfill


@pytest.fixture
def jobs(db: Connection) -> Connection:
    """A workflow w for jobs that become done, and 25 jobs that were done before it was published."""
    db.execute("create table jobs (id int primary key, status text, price numeric)")
    db.execute("insert into jobs select n, 'done', n + 0.10 from generate_series(1, 25) n")
    db.execute("select pgwhen.attach('jobs')")
    db.execute("grant select on jobs to pgwhen_actions")
    step = {"id": "a", "type": "stop", "as": "completed"}
    definition: dict[str, Any] = {
        "workflow": "w",
        "when": {"table": "jobs", "becomes": {"status": "done"}},
        "steps": [step],
    }
    db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])
    return db


def test_backfill(cli: Cli, jobs: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwhen.cli.recover.ROWS", 7)
    done = cli("backfill", "w", "--dry-run")
    assert (done.code, done.out) == (0, "public.jobs: 25 rows looked at, 25 match, 25 would start\n")
    done = cli("backfill", "w")
    assert done.code == 2 and "25 rows of public.jobs would start w; give --yes" in done.err
    done = cli("backfill", "w", "--where", "{price: {gt: 20.05}}", "--yes", "--json")
    assert done.json == {"table": "public.jobs", "scanned": 25, "matched": 6, "before": 0, "started": 6}
    done = cli("backfill", "w", "--limit", "9", "--yes")
    assert done.code == 0 and "9 started" in done.out
    tick(jobs)
    assert executions(jobs) == ["completed"] * 15
    done = cli("backfill", "w", "--rate", "1000", "--yes", "--reason", "published late")
    assert (done.code, done.out) == (
        0,
        "public.jobs: 25 rows looked at, 25 match, 15 had been started by an earlier backfill, 10 started\n",
    )
    tick(jobs)
    assert executions(jobs) == ["completed"] * 25
    done = cli("backfill", "w")
    assert done.code == 0 and "0 started" in done.out, "nothing to ask about"


def test_backfill_that_broke_off_goes_on(cli: Cli, jobs: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from pgwhen.cli import database

    real, calls = database.backfill_workflow, []

    def breaks(*arguments: Any, **options: Any) -> Any:
        calls.append(options["dry_run"])
        if calls.count(False) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr("pgwhen.cli.recover.ROWS", 5)
    monkeypatch.setattr(database, "backfill_workflow", breaks)
    assert cli("backfill", "w", "--yes").code == 130
    assert count(jobs, "pgwhen.backfills") == 10
    monkeypatch.setattr(database, "backfill_workflow", real)
    assert "10 had been started by an earlier backfill, 15 started" in cli("backfill", "w", "--yes").out
    tick(jobs)
    assert len(executions(jobs)) == 25


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["ww"], 1, "pgwhen workflows lists them"), (["w", "--where", "{nope: 1}"], 1, "the filter has a problem"),
        (["w", "--where", "{"], 1, "--where:"), (["w", "--table", "leads"], 1, "not started by rows of leads"),
        (["w", "--rate", "0"], 2, "rate"), (["w", "--limit", "0"], 2, "limit"), ([], 2, "W"),
    ],
)  # fmt: skip
def test_backfill_that_cannot_be(cli: Cli, jobs: Connection, arguments: list[str], code: int, text: str) -> None:
    done = cli("backfill", *arguments)
    assert done.code == code and text in done.err


def test_a_viewer_may_plan_and_not_start(db: Connection, login: Any, capsys: pytest.CaptureFixture[str]) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    viewer = Cli(login("pgwhen_viewer"), capsys)
    assert viewer("replay", *events(db), "--dry-run").code == 0
    for arguments in (["replay", *events(db)], ["backfill", "w"], ["skip-step", *ids(db), "a", "--reason", "x"]):
        done = viewer(*arguments)
        assert done.code == 1 and "permission denied" in done.err
