"""Freezing: the last word of the database before a byte leaves."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Connect
from tests.servers import wait_until
from tests.sql.engine.support import (
    Connection,
    claim,
    count,
    define,
    executions,
    fake_clock,
    freeze,
    happen,
    report,
    steps,
)


def _claimed(db: Connection) -> list[dict[str, object]]:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "post"}]), {"id": 1})
    return claim(db, lease=60)


def test_a_message_is_stored_and_the_step_is_sending(db: Connection) -> None:
    actions = _claimed(db)
    (verdict,) = freeze(db, actions)
    assert verdict["verdict"] == "send" and steps(db) == {"post": "sending"}
    stored = db.execute(
        "select message, connection, recipients, generation, part from pgwhen.frozen_messages"
    ).fetchall()
    assert stored == [({"body": actions[0]["idempotency_key"]}, "http", ["a@example.com"], 1, 0)]


def test_a_lease_that_ran_out_gives_lost_and_changes_nothing(db: Connection) -> None:
    actions = _claimed(db)
    fake_clock(db, "2026-11-21 12:01+00")
    assert freeze(db, actions)[0]["verdict"] == "lost"
    assert steps(db) == {"post": "claimed"} and count(db, "pgwhen.frozen_messages") == 0


def test_an_attempt_that_another_has_taken_over_gives_lost(db: Connection) -> None:
    actions = _claimed(db)
    fake_clock(db, "2026-11-21 12:02+00")
    (again,) = claim(db)
    assert freeze(db, actions)[0]["verdict"] == "lost"
    assert freeze(db, [again])[0]["verdict"] == "send"


def test_the_same_attempt_gets_the_same_answer_again(db: Connection) -> None:
    actions = _claimed(db)
    freeze(db, actions)
    assert freeze(db, actions)[0]["verdict"] == "send"
    assert count(db, "pgwhen.frozen_messages") == 1
    report(db, actions)
    assert freeze(db, actions)[0]["verdict"] == "lost"


@pytest.mark.parametrize("commits", [True, False])
def test_the_same_attempt_asked_twice_at_once(db: Connection, connect: Connect, commits: bool) -> None:
    """The first answer was lost on the way before its commit was done: the second waits, and the stored bytes leave."""
    happen(db, define(db, [{"id": "post"}, {"id": "other"}]), {"id": 1})
    actions = claim(db, lease=60)
    first, second = connect(autocommit=False), connect()
    freeze(first, actions[:1])
    with ThreadPoolExecutor(1) as pool:
        changed = [action | {"idempotency_key": "another"} for action in actions]
        answer = pool.submit(freeze, second, changed)
        waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'freeze_actions'"
        assert wait_until(lambda: db.execute(waiting).fetchall(), 10)
        first.commit() if commits else first.rollback()
        verdicts = answer.result(10)
    assert [verdict["verdict"] for verdict in verdicts] == ["send", "send"]
    stored = dict(db.execute("select step_id, message ->> 'body' from pgwhen.frozen_messages").fetchall())
    step, key = actions[0]["step_id"], actions[0]["idempotency_key"]
    assert stored == {"post": "another", "other": "another"} | ({step: key} if commits else {})
    (told,) = (verdict for verdict in verdicts if verdict["step_id"] == step)
    assert told["extra"] == ({"message": {"body": key}} if commits else None)


def test_a_later_attempt_that_gives_another_message_is_told_the_stored_one(db: Connection) -> None:
    (action,) = _claimed(db)
    freeze(db, [action])
    report(db, [action], "transient")
    fake_clock(db, "2026-11-21 12:30+00")
    (again,) = claim(db)
    assert again["frozen"] == {"body": action["idempotency_key"]}
    (verdict,) = freeze(db, [again | {"frozen": None, "idempotency_key": "another"}])
    assert (verdict["verdict"], verdict["extra"]) == ("send", {"message": {"body": action["idempotency_key"]}})
    assert db.execute("select message ->> 'body' from pgwhen.frozen_messages").fetchall() == [
        (action["idempotency_key"],)
    ]


def test_an_execution_that_has_ended_gives_lost(db: Connection) -> None:
    actions = _claimed(db)
    db.execute("update pgwhen.executions set status = 'cancelled', finished_at = now()")
    assert freeze(db, actions)[0]["verdict"] == "lost"


def test_a_paused_connection_holds_with_its_reason(db: Connection) -> None:
    actions = _claimed(db)
    db.execute("update pgwhen.connections set status = 'paused', reason = '401 bad key' where name = 'smtp'")
    (verdict,) = freeze(db, actions, connection="smtp")
    assert verdict["verdict"] == "held" and "401 bad key" in verdict["reason"]
    assert steps(db) == {"post": "held"} and executions(db) == ["waiting"]
    assert (
        count(db, "pgwhen.held") == 1 and count(db, "pgmq.q_pgwhen_actions") == 0 and count(db, "pgwhen.attempts") == 0
    )


def test_a_throttled_connection_defers_and_the_same_bytes_leave_later(db: Connection) -> None:
    actions = _claimed(db)
    db.execute("update pgwhen.connections set throttled_until = '2026-11-21 12:05+00' where name = 'smtp'")
    (verdict,) = freeze(db, actions, connection="smtp")
    assert verdict["verdict"] == "deferred" and verdict["until"].startswith("2026-11-21T12:05:00")
    assert steps(db) == {"post": "sleeping"} and count(db, "pgmq.q_pgwhen_actions") == 0
    fake_clock(db, "2026-11-21 12:05:01+00")
    (again,) = claim(db)
    assert again["frozen"] == {"body": actions[0]["idempotency_key"]} and again["connection"] == "smtp"
    assert freeze(db, [again], connection="smtp")[0]["verdict"] == "send"
    report(db, [again])
    assert db.execute("select tries, attempt from pgwhen.execution_steps").fetchone() == (1, 2)


def test_an_empty_batch_is_an_empty_answer(db: Connection) -> None:
    assert freeze(db, []) == []
