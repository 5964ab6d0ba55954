"""A step is passed over, and the flow goes on."""

import json
import threading
import uuid
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
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
    report,
    steps,
    tick,
)

CHAIN = [("a", "b", "success")]
AB = [{"id": "a"}, {"id": "b"}]


def only(db: Connection) -> uuid.UUID:
    """The id of the one execution."""
    (row,) = db.execute("select execution_id from pgwhen.executions").fetchall()
    return row[0]  # type: ignore[no-any-return]


def skip(db: Connection, step: str, *ids: uuid.UUID, output: Any = None, outcome: str | None = None) -> list[str]:
    """Skip a step; the results in order of the ids."""
    rows = db.execute(
        "select * from pgwhen.skip_step(%s::uuid[], %s, 'not needed', %s, %s)",
        [list(ids) or [only(db)], step, None if output is None else json.dumps(output), outcome],
    ).fetchall()
    return [row[1] for row in rows]


def test_an_execution_that_failed_of_it_goes_on(db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db, "permanent")
    assert executions(db) == ["failed"]
    assert skip(db, "a", output={"status": 204}) == ["skipped"]
    assert steps(db) == {"a": "skipped", "b": "queued"} and executions(db) == ["running"]
    assert count(db, "pgwhen.failures") == 0 and count(db, "pgwhen.unfinished") == 1
    row = db.execute("select reason, output, error from pgwhen.execution_steps where step_id = 'a'").fetchone()
    assert row == ("skipped by postgres: not needed", {"status": 204}, None)
    assert perform(db) == ["b"]
    assert executions(db) == ["completed"]
    assert db.execute("select had_failures, error from pgwhen.executions").fetchone() == (False, None)
    row = db.execute("select command, target, reason, detail from pgwhen.audit_log").fetchone()
    assert row == ("skip_step", str(only(db)), "not needed", {"step": "a", "output": "given"})


def test_what_the_failure_cancelled_begins_again(db: Connection) -> None:
    edges = [("fails", "join", "success"), ("waits", "join", "success")]
    workflow = define(
        db, [{"id": "fails"}, {"id": "waits", "type": "delay", "for": {"literal": "1 day"}}, {"id": "join"}], edges
    )
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, workflow, {"id": 1})
    perform(db, "permanent")
    assert steps(db) == {"fails": "failed", "waits": "cancelled"}
    assert skip(db, "fails") == ["skipped"]
    assert steps(db) == {"fails": "skipped", "waits": "sleeping"}
    fake_clock(db, "2026-11-22 12:00:01+00")
    assert perform(db) == ["join"]
    assert executions(db) == ["completed"]


def test_of_two_failures_each_is_skipped_or_retried(db: Connection) -> None:
    happen(
        db,
        define(db, [{"id": "a"}, {"id": "b"}, {"id": "c"}], [("a", "c", "success"), ("b", "c", "success")]),
        {"id": 1},
    )
    actions = claim(db)
    freeze(db, actions)
    report(db, actions, "permanent")
    assert steps(db) == {"a": "failed", "b": "failed"}
    assert skip(db, "a") == ["skipped; the execution stays failed because of b"]
    assert executions(db) == ["failed"]
    db.execute("select pgwhen.retry_executions(array[%s])", [only(db)])
    assert steps(db) == {"a": "skipped", "b": "queued"}
    assert perform(db) == ["b"] and perform(db) == ["c"]
    assert executions(db) == ["completed"]


def test_what_sleeps_waits_in_the_queue_or_for_another_attempt(db: Connection) -> None:
    first = [{"id": "d", "type": "delay", "for": {"literal": "1 day"}}, {"id": "b"}]
    happen(db, define(db, first, [("d", "b", "success")]), {"id": 1})
    tick(db)
    assert executions(db) == ["waiting"]
    assert skip(db, "d") == ["skipped"]
    assert steps(db) == {"d": "skipped", "b": "queued"} and count(db, "pgwhen.sleepers") == 0
    assert skip(db, "b") == ["skipped"]
    assert executions(db) == ["completed"] and count(db, "pgwhen.unfinished") == 0
    assert claim(db) == [], "the message that stood in the queue is nobody's"
    assert count(db, "pgmq.q_pgwhen_actions") == 0


def test_a_step_between_two_attempts(db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db, "transient")
    assert steps(db) == {"a": "sleeping"}
    assert skip(db, "a") == ["skipped"]
    assert steps(db) == {"a": "skipped", "b": "queued"} and count(db, "pgwhen.sleepers") == 0


def test_an_uncertain_and_a_held_step(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a", "on_uncertain": "stop"}, {"id": "b"}], CHAIN), {"id": 1})
    freeze(db, claim(db, lease=60))
    fake_clock(db, "2026-11-21 12:05+00")
    claim(db)
    assert steps(db) == {"a": "uncertain"}
    assert skip(db, "a") == ["skipped"]
    assert count(db, "pgwhen.failures") == 0
    perform(db, "auth")
    assert steps(db) == {"a": "skipped", "b": "held"}
    assert skip(db, "b") == ["skipped"]
    assert count(db, "pgwhen.held") == 0 and executions(db) == ["completed"]


def test_what_a_poller_has_is_on_its_way(db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    actions = claim(db)
    assert skip(db, "a") == ["step a is on its way, and its result is not known yet"]
    freeze(db, actions)
    assert skip(db, "a") == ["step a is on its way, and its result is not known yet"]
    assert report(db, actions) == {"reported": 1, "late": 0}


def test_while_somebody_claims_it(db: Connection, connect: Connect) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    tick(db)
    poller = connect(autocommit=False)
    assert len(claim(poller)) == 1
    assert skip(db, "a") == ["step a is on its way, and its result is not known yet"]
    poller.commit()
    assert steps(db) == {"a": "claimed"}


def test_a_claim_that_comes_while_it_is_skipped_gets_nothing(db: Connection, connect: Connect) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    tick(db)
    operator, poller = connect(autocommit=False), connect()
    assert skip(operator, "a") == ["skipped"]
    claimed: list[Any] = []
    thread = threading.Thread(target=lambda: claimed.extend(claim(poller)))
    thread.start()
    while (
        thread.is_alive()
        and not db.execute(
            "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'tick_and_claim'"
        ).fetchall()
    ):
        pass
    operator.commit()
    thread.join(10)
    assert [a["step_id"] for a in claimed if a["step_id"] == "a"] == []
    assert steps(db)["a"] == "skipped"


def test_while_its_result_is_reported_one_of_the_two_counts(db: Connection, connect: Connect) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, AB, CHAIN), {"id": 1})
    actions = claim(db)
    freeze(db, actions)
    poller, operator = connect(autocommit=False), connect()
    report(poller, actions, "permanent")
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.extend(skip(operator, "a", only(db))))
    thread.start()
    while not db.execute(
        "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'skip_step'"
    ).fetchall():
        assert thread.is_alive()
    poller.commit()
    thread.join(10)
    assert results == ["skipped"], "what failed meanwhile is skipped as failed"
    assert steps(db) == {"a": "skipped", "b": "queued"}


def test_a_step_that_has_been_decided_stays(db: Connection) -> None:
    edges = [("a", "b", "success"), ("b", "c", "error"), ("b", "c", "success")]
    happen(db, define(db, [{"id": "a"}, {"id": "b", "on_error": "continue"}, {"id": "c"}], edges), {"id": 1})
    tick(db)
    assert skip(db, "c") == ["step c has not begun"]
    perform(db)
    perform(db, "permanent")
    assert skip(db, "a") == ["step a is completed"]
    assert skip(db, "b") == ["step b failed, and the execution has gone on"]
    perform(db)
    assert skip(db, "b") == ["completed"]


def test_a_step_without_a_branch_success_goes_on_by_the_one_that_is_named(db: Connection) -> None:
    workflow = define(
        db, [{"id": "d", "type": "delay", "for": {"literal": "1 day"}}, {"id": "b"}, {"id": "c"}],
        [("d", "b", "approved"), ("d", "c", "rejected")],
    )  # fmt: skip
    happen(db, workflow, {"id": 1})
    tick(db)
    assert skip(db, "d") == ["step d has no branch success: say which of approved, rejected"]
    assert skip(db, "d", outcome="maybe") == ["step d has no branch maybe, but approved, rejected"]
    assert skip(db, "d", outcome="rejected") == ["skipped"]
    assert steps(db) == {"b": "not_reached", "c": "queued", "d": "skipped"}


def test_a_cancelled_execution_stays_cancelled(db: Connection) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    tick(db)
    db.execute("select pgwhen.cancel_executions(array[%s])", [only(db)])
    assert skip(db, "a") == ["cancelled"]


def test_of_two_sessions_one_skips(db: Connection, connect: Connect) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db, "permanent")
    first, second = connect(autocommit=False), connect()
    assert skip(first, "a") == ["skipped"]
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.extend(skip(second, "a", only(db))))
    thread.start()
    while not db.execute(
        "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'skip_step'"
    ).fetchall():
        assert thread.is_alive()
    first.commit()
    thread.join(10)
    assert results == ["step a is skipped"]
    assert count(db, "pgmq.q_pgwhen_actions") == 1 and count(db, "pgwhen.audit_log") == 1


@pytest.mark.parametrize(
    ("step", "reason", "output", "code"),
    [("bb", "x", None, "WF203"), (None, "x", None, "WF203"), ("a", " ", None, "WF159"), ("a", None, None, "WF159"),
     ("a", "x", '"' + "x" * 1_048_577 + '"', "WF117")],
)  # fmt: skip
def test_arguments_that_fit_nothing(
    db: Connection, step: str | None, reason: str | None, output: str | None, code: str
) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db, "permanent")
    with pytest.raises(psycopg.Error) as error:
        db.execute("select pgwhen.skip_step(array[%s], %s, %s, %s)", [only(db), step, reason, output])
    assert error.value.sqlstate == code and error.value.diag.message_hint
    assert executions(db) == ["failed"]


def test_not_there_and_another_tenants(db: Connection, login: Any) -> None:
    happen(db, define(db, AB, CHAIN), {"id": 1})
    perform(db, "permanent")
    assert skip(db, "a", uuid.uuid4()) == ["not found"]
    dsn = login("pgwhen_operator")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert skip(other, "a", only(db)) == ["not found"]
    assert executions(db) == ["failed"]


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select * from pgwhen.skip_step(array[gen_random_uuid()], 'a', 'x')")


def test_ten_thousand(db: Connection) -> None:
    steps_ = [{"id": "d", "type": "delay", "for": {"literal": "1 day"}}, {"id": "s", "type": "stop", "as": "completed"}]
    happen(db, define(db, steps_, [("d", "s", "success")]), *({"id": n} for n in range(10_000)))
    while tick(db, 5000)["dispatched"]:
        pass
    ids = [row[0] for row in db.execute("select execution_id from pgwhen.executions").fetchall()]
    db.execute("analyze pgwhen.executions, pgwhen.execution_steps")  # as autovacuum does within a minute
    assert set(skip(db, "d", *ids)) == {"skipped"}
    assert set(executions(db)) == {"completed"} and count(db, "pgwhen.sleepers") == 0
