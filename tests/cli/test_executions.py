"""executions, show, retry, cancel."""

import re
import uuid

import pytest

from tests.cli.support import Cli, process
from tests.sql.engine.support import (
    Connection,
    claim,
    count,
    define,
    executions,
    fake_clock,
    freeze,
    happen,
    perform,
    tick,
)

HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold]not markup[/bold] \u202e"


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


def ids(db: Connection) -> list[str]:
    """The executions."""
    return [str(row[0]) for row in db.execute("select execution_id from pgwhen.executions order by 1").fetchall()]


def test_none(cli: Cli) -> None:
    done = cli("executions")
    assert (done.code, done.out, done.err) == (0, "", "no executions\n")
    assert cli("executions", "--json").json == []


def test_a_list(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}], name="welcome"), {"id": 7})
    perform(db, "permanent")
    (execution,) = ids(db)
    done = cli("executions")
    assert done.code == 0
    assert execution in done.out and "welcome v1" in done.out and "failed" in done.out and "leads.created 7" in done.out
    assert re.search(r"\d\d:\d\d:\d\d \(\d+(\.\d)? m?s ago\)", done.out), "absolute and relative"
    (row,) = cli("executions", "--json").json
    assert (row["execution_id"], row["status"], row["workflow"]) == (execution, "failed", "welcome")
    assert row["started_at"].endswith("+00:00") and row["record_key"] == {"id": 7}
    assert cli("executions", "--status", "completed", "--json").json == []
    assert len(cli("executions", "--since", "2h", "--workflow", "welcome", "--limit", "1", "--json").json) == 1
    assert cli("executions", "--since", "2999-01-01", "--json").json == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "yesterday"], ["--since", "-2h"], ["--since", ""], ["--since", "9999999h"], ["--status", "done"],
        ["--limit", "0"], ["--limit", "x"], ["extra"],
    ],
)  # fmt: skip
def test_wrong_usage(cli: Cli, arguments: list[str]) -> None:
    done = cli("executions", *arguments)
    assert done.code == 2 and done.out == "" and done.err.startswith("error: ")


def test_an_unknown_workflow(cli: Cli) -> None:
    done = cli("executions", "--workflow", "nope")
    assert done.code == 1 and done.err == "error: workflow nope does not exist\n  hint: pgwhen workflows lists them.\n"


def test_without_a_database(db: Connection) -> None:
    done = process("", "executions")
    assert done.code == 2 and "--dsn" in done.err


def test_a_database_without_pgwhen(empty_dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = Cli(empty_dsn, capsys)("executions")
    assert done.code == 1 and "pgwhen" in done.err


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    done = Cli("postgresql://nobody@127.0.0.1:1/x", capsys)("executions")
    assert done.code == 1 and done.err.startswith("error: ") and "Traceback" not in done.err


# ---------------------------------------------------------------- show


def test_the_story_of_an_execution(cli: Cli, db: Connection) -> None:
    workflow = define(
        db,
        [{"id": "a"}, {"id": "d", "type": "delay", "for": {"literal": "1 day"}}, {"id": "b"}],
        [("a", "d", "success"), ("d", "b", "success")],
        name="welcome",
    )
    happen(db, workflow, {"id": 7})
    perform(db, "transient")
    db.execute("update pgwhen.sleepers set due_at = now() - interval '1 second'")
    perform(db)
    (execution,) = ids(db)
    done = cli("show", execution[:13])
    assert done.code == 0, done.err
    for text in (
        "welcome v1  waiting", execution, "leads.created 7 by app", "● a", "completed  2 attempts",
        "http to a@example.com by http", "attempt 1", "transient", "test: a transient answer", "attempt 2",
        "◐ d", "sleeping", "delay: ", "(in 24 h)", "· b", "not begun",
    ):  # fmt: skip
        assert text in done.out, (text, done.out)
    document = cli("show", execution, "--json").json
    assert [step["step_id"] for step in document["steps"]] == ["a", "d", "b"]


def test_what_was_held_is_no_attempt(cli: Cli, db: Connection) -> None:
    cli("connections", "add", "smtp", "--provider", "smtp", "--secret", "env:NOT_THERE")
    cli("connections", "pause", "smtp")
    happen(db, define(db, [{"id": "a"}]), {"id": 7})
    freeze(db, claim(db), connection="smtp")
    out = cli("show", *ids(db)).out
    assert " held" in out and "attempt" not in out


def test_outputs_are_shown_on_one_line(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")]), {"id": 7})
    perform(db, output={"text": "first\nsecond " + "x" * 100, "\x1b[2J": 1})
    perform(db, "permanent")
    out = cli("show", *ids(db)).out
    (line,) = [line for line in out.splitlines() if line.startswith("      output ")]
    assert "first" in line and len(line) == 100 and line.endswith("…") and "\x1b" not in out


def test_the_queue_counts_attempts_and_not_claims(cli: Cli, db: Connection) -> None:
    def shown() -> tuple[dict[str, int], str]:
        (row,) = cli("queue", "--actions", "--json").json
        return {name: row[name] for name in ("attempt", "attempts", "tries")}, cli("queue", "--actions").out

    cli("connections", "add", "smtp", "--provider", "smtp", "--secret", "env:NOT_THERE")
    happen(db, define(db, [{"id": "a"}]), {"id": 7})
    cli("connections", "pause", "smtp")
    freeze(db, claim(db), connection="smtp")
    assert shown()[0] == {"attempt": 1, "attempts": 0, "tries": 0}, "it was held: nothing was tried"
    cli("connections", "resume", "smtp")
    perform(db, "throttled")
    assert shown()[0] == {"attempt": 2, "attempts": 1, "tries": 0}
    assert "1, 0 of them counted" in shown()[1]
    db.execute("update pgwhen.sleepers set due_at = now() - interval '1 second'")
    db.execute("update pgwhen.connections set throttled_until = null")
    freeze(db, claim(db))
    assert shown()[0] == {"attempt": 3, "attempts": 2, "tries": 0}, "one is being sent"
    assert "2, 1 of them counted" in shown()[1]


def test_what_operators_did_and_why_it_failed(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 7})
    perform(db, "permanent")
    (execution,) = ids(db)
    cli("retry", execution, "--reason", "address fixed")
    perform(db, "permanent")
    out = cli("show", execution).out
    for text in (
        "failed",
        "step a failed: a permanent answer",
        "retried: generation 2",
        "(generation 2)",
        "address fixed",
    ):
        assert text in out, (text, out)


def test_what_applications_wrote_gives_the_terminal_no_orders(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": HOSTILE}, actor=HOSTILE)
    actions = claim(db)
    message = {"method": "POST", "url": f"https://x/{HOSTILE}", "body": HOSTILE, "subject": HOSTILE}
    db.execute("update pgwhen.executions set reason = %s", [HOSTILE])
    freeze(db, actions)
    db.execute("update pgwhen.frozen_messages set message = %s, recipients = array[%s]", [_json(message), HOSTILE])
    (execution,) = ids(db)
    for arguments in (["show", execution], ["executions"], ["queue", "--actions"], ["explain", f"leads:{HOSTILE}"]):
        done = cli(*arguments)
        assert "\x1b" not in done.out + done.err and "\x07" not in done.out + done.err, arguments
    out = cli("show", execution).out
    assert "[bold]not markup[/bold]" in out and r"\x1b[2J" in out
    assert cli("show", execution, "--json").json["steps"][0]["messages"][0]["recipients"] == [HOSTILE]


def _json(value: object) -> str:
    import json

    return json.dumps(value)


@pytest.mark.parametrize("text", ["nope", "", "0000", "'; drop table pgwhen.executions; --"])
def test_show_of_what_is_not_there(cli: Cli, text: str) -> None:
    done = cli("show", text)
    assert done.code == 1 and done.out == "" and "hint:" in done.err


def test_show_of_an_ambiguous_beginning(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    tick(db)
    done = cli("show", ids(db)[0][:6])
    assert done.code == 1 and "more than one execution begins with" in done.err and ids(db)[1] in done.err


# ---------------------------------------------------------------- retry


def test_retry_by_id(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    perform(db, "permanent")
    done = cli("retry", *ids(db))
    assert (done.code, done.out.count("retried")) == (0, 2)
    assert executions(db) == ["running", "running"]
    done = cli("retry", *ids(db), "--json")
    assert done.code == 1 and [row["result"] for row in done.json] == ["running: not finished"] * 2
    assert "2 of 2 not retried" in done.err


def test_one_that_is_not_found_stops_all(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    assert cli("retry", *ids(db), str(uuid.UUID(int=0))).code == 1
    assert executions(db) == ["failed"]


def test_retry_failed(cli: Cli, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgwhen.cli.executions.PAGE", 3)
    workflow = define(db, [{"id": "a"}], name="welcome")
    assert cli("retry", "--failed").err == "nothing has failed\n"
    assert cli("retry", "--failed", "--json").json == []
    happen(db, workflow, *({"id": n} for n in range(8)))
    perform(db, "permanent")
    assert cli("retry", "--failed", "--since", "2999-01-01").err == "nothing has failed\n"
    done = cli("retry", "--failed", "--workflow", "welcome", "--since", "2h", "--reason", "provider is back")
    assert (done.code, done.out) == (0, "8 retried, 0 not\n")
    assert executions(db) == ["running"] * 8
    assert db.execute("select distinct reason from pgwhen.audit_log").fetchall() == [("provider is back",)]


@pytest.mark.parametrize("arguments", [[], ["--workflow", "w"], ["--failed", "0000"], ["0000", "--since", "2h"]])
def test_retry_wants_ids_or_failed(cli: Cli, arguments: list[str]) -> None:
    assert cli("retry", *arguments).code == 2


# ---------------------------------------------------------------- cancel


def test_cancel(cli: Cli, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    tick(db)
    done = cli("cancel", ids(db)[0], "--reason", "wrong list", "--json")
    assert done.code == 0 and done.json == [{"execution_id": ids(db)[0], "result": "cancelled"}]
    assert executions(db) == ["cancelled", "running"]
    done = cli("cancel", ids(db)[0])
    assert done.code == 1 and "already cancelled" in done.out
    assert cli("cancel").code == 2
    assert count(db, "pgwhen.audit_log") == 1


def test_a_viewer_may_look_and_not_touch(db: Connection, login: object, capsys: pytest.CaptureFixture[str]) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    viewer = Cli(login("pgwhen_viewer"), capsys)  # type: ignore[operator]
    assert len(viewer("executions", "--json").json) == 1
    done = viewer("cancel", ids(db)[0])
    assert done.code == 1 and "permission denied" in done.err and executions(db) == ["running"]


def test_the_clock_of_a_test_does_not_confuse_the_words(cli: Cli, db: Connection) -> None:
    fake_clock(db, "2020-01-01 00:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    db.execute("update pgwhen.activations set from_at = '2019-01-01'")
    tick(db)
    out = cli("executions").out
    assert "2020-01-01" in out or "2019-12-31" in out
    assert " d ago)" in out


def test_as_a_process(dsn: str, db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "permanent")
    done = process(dsn, "executions", "--json")
    assert done.code == 0 and done.err == "" and done.json[0]["status"] == "failed"
    assert process(dsn, "show", ids(db)[0]).code == 0
    assert process(dsn, "retry", "--failed").code == 0
