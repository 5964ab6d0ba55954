"""Results and what follows from them."""

import threading
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
)

ERROR_BRANCH = [("a", "tell", "error"), ("a", "b", "success"), ("tell", "b", "success")]


def test_a_late_result_is_recorded_as_late_and_changes_nothing(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "post"}]), {"id": 1})
    first = claim(db, lease=60)
    freeze(db, first)
    fake_clock(db, "2026-11-21 12:01+00")
    claim(db)
    fake_clock(db, "2026-11-21 12:05+00")
    second = claim(db)
    assert report(db, first) == {"reported": 0, "late": 1}
    assert steps(db) == {"post": "claimed"}
    freeze(db, second)
    assert report(db, second) == {"reported": 1, "late": 0}
    assert report(db, second) == {"reported": 0, "late": 1}
    assert executions(db) == ["completed"]
    assert report(db, first, "transient") == {"reported": 0, "late": 1}
    rows = db.execute("select attempt, class, late from pgwhen.attempts order by attempt").fetchall()
    assert rows == [(1, "ok", True), (2, "ok", False)]


def test_a_result_of_an_attempt_that_was_never_made_does_not_stop_the_one_that_is(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "post"}]), {"id": 1}, {"id": 2})
    actions = claim(db)
    freeze(db, actions)
    forged = [action | {"attempt": 2} for action in actions[:1]]
    assert report(db, forged) == {"reported": 0, "late": 1}
    assert report(db, actions, "transient") == {"reported": 2, "late": 0}
    fake_clock(db, "2026-11-21 13:00+00")
    again = claim(db)
    freeze(db, again)
    assert report(db, again) == {"reported": 2, "late": 0}
    assert executions(db) == ["completed", "completed"]
    rows = db.execute("select attempt, class, late from pgwhen.attempts order by attempt, late").fetchall()
    assert rows == [(1, "transient", False), (1, "transient", False), (2, "ok", False), (2, "ok", True)]


def test_a_permanent_failure_fails_the_execution_and_cancels_what_waits(db: Connection) -> None:
    workflow = define(
        db,
        [{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "wait", "type": "delay", "for": {"literal": "1 day"}}],
        [("a", "b", "success")],
    )
    happen(db, workflow, {"id": 1})
    by_step = {action["step_id"]: action for action in claim(db)}
    freeze(db, list(by_step.values()))
    report(db, [by_step["a"]], "permanent")
    assert steps(db) == {"a": "failed", "c": "sending", "wait": "cancelled"}
    row = db.execute("select status, reason, error ->> 'step', error ->> 'message' from pgwhen.executions").fetchone()
    assert row == ("failed", "step a failed", "a", "a permanent answer")
    report(db, [by_step["c"]])
    assert steps(db)["c"] == "completed" and executions(db) == ["failed"]
    assert count(db, "pgwhen.failures") == 1 and count(db, "pgwhen.unfinished") == 0


def test_transient_failures_are_tried_again_with_backoff_and_then_fail(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    assert perform(db, "transient") == ["a"]
    assert db.execute("select due_at::text from pgwhen.sleepers").fetchone() == ("2026-11-21 12:00:30+00",)
    assert executions(db) == ["waiting"]
    fake_clock(db, "2026-11-21 12:00:30+00")
    assert perform(db, "transient") == ["a"]
    assert db.execute("select due_at::text from pgwhen.sleepers").fetchone() == ("2026-11-21 12:01:30+00",)
    fake_clock(db, "2026-11-21 12:01:30+00")
    assert perform(db, "transient") == ["a"]
    assert executions(db) == ["failed"] and count(db, "pgwhen.attempts") == 3 and count(db, "pgwhen.sleepers") == 0
    assert db.execute("select reason from pgwhen.execution_steps").fetchone() == ("gave up after 3 attempts",)


def test_fail_twice_then_succeed_runs_the_step_three_times_and_the_others_once(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}, {"id": "b"}], [("a", "b", "success")]), {"id": 1})
    for at, class_ in (("12:00", "transient"), ("12:10", "transient"), ("12:20", "ok"), ("12:30", "ok")):
        fake_clock(db, f"2026-11-21 {at}+00")
        perform(db, class_)
    assert executions(db) == ["completed"]
    assert db.execute("select step_id, count(*) from pgwhen.attempts group by 1 order by 1").fetchall() == [
        ("a", 3),
        ("b", 1),
    ]


def test_retry_after_is_honoured_and_clamped_to_a_day(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(
        db,
        define(
            db,
            [
                {
                    "id": "a",
                    "retry": {"attempts": 5, "backoff": 1, "factor": 1, "max": 1, "jitter": "none", "within": 864000},
                }
            ],
        ),
        {"id": 1},
    )
    perform(db, "transient", retry_after_seconds=120.5)
    assert db.execute("select due_at::text from pgwhen.sleepers").fetchone() == ("2026-11-21 12:02:00.5+00",)
    fake_clock(db, "2026-11-21 12:10+00")
    perform(db, "transient", retry_after_seconds=1e9)
    assert db.execute("select due_at::text from pgwhen.sleepers").fetchone() == ("2026-11-22 12:10:00+00",)


def test_no_attempt_is_made_later_than_the_policy_allows(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "transient", retry_after_seconds=80000)
    assert executions(db) == ["failed"]
    assert "20:00:00" in str(db.execute("select reason from pgwhen.execution_steps").fetchone())


def test_throttling_sets_the_clock_that_all_share_and_burns_no_try(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a"}]), {"id": 1}, {"id": 2})
    one, two = claim(db)
    freeze(db, [one], connection="smtp")
    report(db, [one], "throttled", retry_after_seconds=300)
    assert db.execute("select throttled_until::text from pgwhen.connections where name = 'smtp'").fetchone() == (
        "2026-11-21 12:05:00+00",
    )
    assert freeze(db, [two], connection="smtp")[0]["verdict"] == "deferred"
    assert db.execute("select distinct tries from pgwhen.execution_steps").fetchall() == [(0,)]


def test_refused_credentials_pause_the_connection_and_hold_the_step(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    freeze(db, actions, connection="smtp")
    report(db, actions, "auth", error={"code": "401", "message": "invalid key"})
    assert db.execute("select status, reason from pgwhen.connections where name = 'smtp'").fetchone() == (
        "paused",
        "invalid key",
    )
    assert steps(db) == {"a": "held"} and executions(db) == ["waiting"]
    assert db.execute(
        "select connection, tries from pgwhen.held join pgwhen.execution_steps using (execution_id)"
    ).fetchone() == ("smtp", 0)


def test_what_a_poller_lacks_is_no_refusal_of_the_provider(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    freeze(db, actions, connection="smtp")
    report(db, actions, "auth", error={"code": "connection", "message": "env:KEY is not set"})
    assert steps(db) == {"a": "held"}
    assert db.execute("select reason from pgwhen.held").fetchone() == ("env:KEY is not set",)


def test_uncertain_with_stop_waits_for_a_person_and_with_retry_is_tried_again(db: Connection) -> None:
    one = define(db, [{"id": "stop", "on_uncertain": "stop"}])
    define(db, [{"id": "again"}], name="again", attachment_id=one.attachment_id)
    happen(db, one, {"id": 1})
    perform(db, "uncertain")
    assert steps(db) == {"stop": "uncertain", "again": "sleeping"} and executions(db) == ["waiting", "waiting"]


def test_on_error_continue_goes_on_and_ends_completed_with_failures(db: Connection) -> None:
    happen(
        db,
        define(db, [{"id": "a", "on_error": "continue"}, {"id": "b"}], [("a", "b", "success"), ("a", "b", "error")]),
        {"id": 1},
    )
    perform(db, "permanent")
    assert steps(db) == {"a": "failed", "b": "queued"}
    perform(db)
    assert db.execute("select status, had_failures, reason from pgwhen.executions").fetchall() == [
        ("completed", True, "completed with failures")
    ]


@pytest.mark.parametrize(
    ("class_", "expected"),
    [
        ("permanent", {"a": "failed", "tell": "queued"}),
        ("ok", {"a": "completed", "tell": "not_reached", "b": "queued"}),
    ],
)
def test_an_error_branch_runs_on_failure_only_and_rejoins(
    db: Connection, class_: str, expected: dict[str, str]
) -> None:
    happen(db, define(db, [{"id": "a", "on_error": "branch"}, {"id": "tell"}, {"id": "b"}], ERROR_BRANCH), {"id": 1})
    perform(db, class_)
    assert steps(db) == expected
    while perform(db):
        pass
    assert executions(db) == ["completed"] and steps(db)["b"] == "completed"


def test_a_failure_without_a_send_is_accepted_from_claimed(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    report(db, claim(db), "permanent", error={"code": "template", "message": "lead.email is missing"})
    assert executions(db) == ["failed"] and count(db, "pgwhen.frozen_messages") == 0


def test_results_of_a_step_reach_later_steps(db: Connection) -> None:
    asks = {
        "op": "eq",
        "left": ["steps", "a", "output", "status"],
        "type": "numeric",
        "right": {"literal": 200},
        "source": "x",
    }
    happen(db, define(db, [{"id": "a"}, {"id": "b", "if": asks}], [("a", "b", "success")]), {"id": 1})
    perform(db)
    assert steps(db) == {"a": "completed", "b": "queued"}


def test_reports_of_the_same_executions_at_once_do_not_deadlock(db: Connection, connect: Connect) -> None:
    happen(
        db,
        define(db, [{"id": "a"}, {"id": "b"}, {"id": "end"}], [("a", "end", "success"), ("b", "end", "success")]),
        *({"id": n} for n in range(200)),
    )
    actions = claim(db, 1000)
    freeze(db, actions)
    halves = [[a for a in actions if a["step_id"] == s] for s in ("a", "b")]
    halves[1].reverse()
    errors: list[BaseException] = []

    def work(connection: psycopg.Connection[Any], mine: list[dict[str, Any]]) -> None:
        try:
            for start in range(0, 200, 50):
                report(connection, mine[start : start + 50])
        except psycopg.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[connect(), half]) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert count(db, "pgwhen.execution_steps where step_id = 'end' and status = 'queued'") == 200
    while perform(db):
        pass
    assert set(executions(db)) == {"completed"}


def test_state_changes_are_hot_updates(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(50)))
    while perform(db):
        pass
    db.execute("select pg_stat_force_next_flush()")
    rows = db.execute(
        "select sum(n_tup_upd)::integer, sum(n_tup_hot_upd)::integer from pg_stat_user_tables"
        " where relname like any (array['executions%', 'execution_steps%'])"
    ).fetchone()
    assert rows is not None and rows[0] >= 150 and rows[1] >= 0.6 * rows[0]
