"""Uncertain: visible wherever somebody looks, and what a person can do about it."""

from typing import Any

import pytest

from tests.sql.engine.support import define, executions, fake_clock, happen, steps
from tests.sql.sending.support import NOON, Connection, claim, connection, mails, report, send


@pytest.fixture
def uncertain(db: Connection) -> Connection:
    """An e-mail that may or may not have left, where on_uncertain is stop; a request would follow it."""
    fake_clock(db, NOON)
    made = define(
        db, [{"id": "mail", "type": "email", "on_uncertain": "stop"}, {"id": "post"}], [("mail", "post", "success")]
    )
    happen(db, made, {"id": 1})
    actions = claim(db)
    send(db, actions)
    report(db, actions, "uncertain", error={"code": "timeout", "message": "no answer in 30 s"})
    return db


def _execution(db: Connection) -> Any:
    (execution,) = db.execute("select execution_id from pgwhen.executions").fetchone() or ()
    return execution


def test_it_is_seen_everywhere(uncertain: Connection) -> None:
    assert steps(uncertain) == {"mail": "uncertain"} and executions(uncertain) == ["waiting"]
    (shown,) = uncertain.execute("select pgwhen.show_execution(%s)", [_execution(uncertain)]).fetchone() or ()
    step = shown["steps"][0]
    assert step["status"] == "uncertain" and "pgwhen skip-step if it was sent, pgwhen retry if not" in step["reason"]
    assert step["attempts"][0]["class"] == "uncertain" and step["error"]["message"] == "no answer in 30 s"
    (text,) = uncertain.execute("select pgwhen._explain_step(s) from pgwhen.execution_steps s").fetchone() or ()
    assert text == "may or may not have been sent: no answer in 30 s; a person decides"
    row = uncertain.execute("select status, reason, last_error from pgwhen.pending_actions").fetchone()
    assert row is not None and row[0] == "uncertain" and row[2] == "no answer in 30 s"
    assert uncertain.execute("select count(*) from pgwhen.failures").fetchone() == (1,)


def test_it_was_sent_so_the_step_is_skipped_and_the_flow_goes_on(uncertain: Connection) -> None:
    query = "select result from pgwhen.skip_step(array[%s]::uuid[], 'mail', 'the provider has it')"
    assert uncertain.execute(query, [_execution(uncertain)]).fetchone() == ("skipped",)
    assert steps(uncertain) == {"mail": "skipped", "post": "queued"}
    assert uncertain.execute("select count(*) from pgwhen.failures").fetchone() == (0,)


def test_it_was_not_so_a_retry_sends_a_new_message_with_a_new_key(uncertain: Connection) -> None:
    row = uncertain.execute(
        "select result, again from pgwhen.retry_executions(array[%s]::uuid[], 'it never arrived')",
        [_execution(uncertain)],
    ).fetchone()
    assert row == ("retried", 1), "again says that it may have left before"
    (action,) = claim(uncertain)
    assert action["generation"] == 2 and action["frozen"] is None
    assert send(uncertain, [action])[0]["verdict"] == "send"
    report(uncertain, [action])
    assert steps(uncertain)["mail"] == "completed"


def test_what_is_kept_back_says_so(db: Connection) -> None:
    actions = mails(db)
    connection(db, throttled_until="2026-11-21 12:10+00")
    send(db, actions)
    (text,) = db.execute("select pgwhen._explain_step(s) from pgwhen.execution_steps s").fetchone() or ()
    assert text == (
        "is kept back until 2026-11-21 12:10:00 UTC: connection smtp is throttled until 2026-11-21 12:10:00 UTC"
    )
