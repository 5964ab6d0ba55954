"""From the failed step, once."""

import threading
import uuid
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.engine.support import (
    Connection,
    Workflow,
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


def only(db: Connection) -> uuid.UUID:
    """The id of the one execution."""
    (row,) = db.execute("select execution_id from pgwhen.executions").fetchall()
    return row[0]  # type: ignore[no-any-return]


def retry(db: Connection, *ids: uuid.UUID, reason: str | None = None) -> list[str]:
    """Retry; the results in order of the ids."""
    rows = db.execute("select * from pgwhen.retry_executions(%s, %s)", [list(ids), reason]).fetchall()
    assert [row[0] for row in rows] == sorted(set(ids))
    return [row[1] for row in rows]


def failed(db: Connection, workflow: Workflow) -> uuid.UUID:
    """Start one execution and fail what it does first."""
    happen(db, workflow, {"id": 1})
    perform(db, "permanent")
    return only(db)


def test_the_failed_step_runs_again_under_a_new_generation_and_the_flow_goes_on(db: Connection) -> None:
    execution = failed(db, define(db, [{"id": "a"}, {"id": "b"}], CHAIN))
    assert retry(db, execution, reason="the address was fixed") == ["retried"]
    assert executions(db) == ["running"] and count(db, "pgwhen.failures") == 0 and count(db, "pgwhen.unfinished") == 1
    (action,) = claim(db)
    assert (action["generation"], action["attempt"]) == (2, 2)
    assert action["idempotency_key"] == f"{execution}:a:2:0"
    assert action["frozen"] is None, "rendered afresh"
    freeze(db, [action])
    report(db, [action])
    assert perform(db) == ["b"]
    assert steps(db) == {"a": "completed", "b": "completed"} and executions(db) == ["completed"]
    assert db.execute("select generation, had_failures, error, reason from pgwhen.executions").fetchone() == (
        2,
        False,
        None,
        None,
    )
    row = db.execute("select command, target, reason, actor, tenant from pgwhen.audit_log").fetchone()
    assert row == ("retry_executions", str(execution), "the address was fixed", "postgres", "default")


def test_a_step_that_was_completed_is_not_repeated(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "b"}, {"id": "c"}], [("a", "b", "success"), ("b", "c", "success")])
    happen(db, workflow, {"id": 1})
    assert perform(db) == ["a"]
    assert perform(db, "permanent") == ["b"]
    assert retry(db, only(db)) == ["retried"]
    assert perform(db) == ["b"]
    assert perform(db) == ["c"]
    assert db.execute("select step_id, count(*) from pgwhen.attempts group by 1 order by 1").fetchall() == [
        ("a", 1),
        ("b", 2),
        ("c", 1),
    ]


def test_a_parallel_branch_that_the_failure_cancelled_is_begun_again(db: Connection) -> None:
    """root -> fails | waits -> after; join needs both."""
    edges = [
        ("root", "fails", "success"),
        ("root", "waits", "success"),
        ("fails", "join", "success"),
        ("waits", "join", "success"),
    ]
    workflow = define(
        db,
        [
            {"id": "root"},
            {"id": "fails"},
            {"id": "waits", "type": "delay", "for": {"literal": "1 day"}},
            {"id": "join"},
        ],
        edges,
    )
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, workflow, {"id": 1})
    perform(db)
    perform(db, "permanent")
    assert steps(db) == {"root": "completed", "fails": "failed", "waits": "cancelled"}
    assert retry(db, only(db)) == ["retried"]
    assert steps(db) == {"root": "completed", "fails": "queued", "waits": "sleeping"}
    assert perform(db) == ["fails"]
    assert executions(db) == ["waiting"]
    fake_clock(db, "2026-11-22 12:00:01+00")
    assert perform(db) == ["join"]
    assert executions(db) == ["completed"]


def test_cancelled_roots_begin_again(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "waits", "type": "delay", "for": {"literal": "1 day"}}])
    execution = failed(db, workflow)
    assert steps(db) == {"a": "failed", "waits": "cancelled"}
    assert retry(db, execution) == ["retried"]
    assert steps(db) == {"a": "queued", "waits": "sleeping"}


def test_what_was_in_flight_when_the_execution_failed_is_followed_after_the_retry(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "c"}, {"id": "d"}], [("c", "d", "success")])
    happen(db, workflow, {"id": 1})
    by_step = {action["step_id"]: action for action in claim(db)}
    freeze(db, list(by_step.values()))
    report(db, [by_step["a"]], "permanent")
    report(db, [by_step["c"]])
    assert steps(db) == {"a": "failed", "c": "completed"}, "recorded, not followed"
    assert retry(db, only(db)) == ["retried"]
    assert steps(db) == {"a": "queued", "c": "completed", "d": "queued"}


def test_what_is_still_in_flight_at_the_retry_goes_on(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}, {"id": "c"}, {"id": "d"}], [("c", "d", "success")])
    happen(db, workflow, {"id": 1})
    by_step = {action["step_id"]: action for action in claim(db)}
    freeze(db, list(by_step.values()))
    report(db, [by_step["a"]], "permanent")
    assert retry(db, only(db)) == ["retried"]
    assert steps(db) == {"a": "queued", "c": "sending"}
    assert report(db, [by_step["c"]]) == {"reported": 1, "late": 0}
    assert steps(db) == {"a": "queued", "c": "completed", "d": "queued"}


def test_a_branch_not_taken_stays_not_reached_and_does_not_block_a_join(db: Connection) -> None:
    """if -> x | y, both -> end; y runs and fails."""
    condition = {"op": "eq", "left": ["new", "id"], "type": "numeric", "right": 2, "source": "id: 2"}
    edges = [("if", "x", "true"), ("if", "y", "false"), ("x", "end", "success"), ("y", "end", "success")]
    workflow = define(
        db, [{"id": "if", "type": "condition", "if": condition}, {"id": "x"}, {"id": "y"}, {"id": "end"}], edges
    )
    execution = failed(db, workflow)
    assert steps(db) == {"if": "completed", "x": "not_reached", "y": "failed"}
    assert retry(db, execution) == ["retried"]
    assert steps(db) == {"if": "completed", "x": "not_reached", "y": "queued"}
    perform(db)
    perform(db)
    assert steps(db) == {"if": "completed", "x": "not_reached", "y": "completed", "end": "completed"}
    assert executions(db) == ["completed"]


def test_completed_with_failures_only_the_failed_step_is_sent_again(db: Connection) -> None:
    workflow = define(db, [{"id": "a", "on_error": "continue"}, {"id": "b"}], [*CHAIN, ("a", "b", "error")])
    happen(db, workflow, {"id": 1})
    perform(db, "permanent")
    perform(db)
    assert executions(db) == ["completed"]
    assert db.execute("select had_failures, reason from pgwhen.executions").fetchone() == (
        True,
        "completed with failures",
    )
    assert retry(db, only(db)) == ["retried"]
    assert perform(db) == ["a"]
    assert claim(db) == []
    assert db.execute("select status, had_failures, reason from pgwhen.executions").fetchone() == (
        "completed",
        False,
        None,
    )


def test_two_failures_in_a_row_run_in_their_order(db: Connection) -> None:
    steps_ = [{"id": "a", "on_error": "continue"}, {"id": "b", "on_error": "continue"}]
    workflow = define(db, steps_, [*CHAIN, ("a", "b", "error")])
    happen(db, workflow, {"id": 1})
    perform(db, "permanent")
    perform(db, "permanent")
    assert count(db, "pgwhen.failures") == 2
    assert retry(db, only(db)) == ["retried"]
    assert steps(db) == {"a": "queued"}
    assert perform(db) == ["a"]
    (action,) = claim(db)
    assert (action["step_id"], action["generation"]) == ("b", 2)


def test_an_error_branch_is_decided_again(db: Connection) -> None:
    edges = [("a", "tell", "error"), ("tell", "end", "success"), ("a", "b", "success")]
    workflow = define(
        db,
        [{"id": "a", "on_error": "branch"}, {"id": "tell"}, {"id": "end", "type": "stop", "as": "failed"}, {"id": "b"}],
        edges,
    )
    happen(db, workflow, {"id": 1})
    perform(db, "permanent")
    assert perform(db) == ["tell"]
    assert steps(db) == {"a": "failed", "tell": "completed", "end": "completed", "b": "not_reached"}
    assert executions(db) == ["failed"]
    execution = only(db)
    assert retry(db, execution) == ["retried"]
    assert steps(db) == {"a": "queued"}
    assert perform(db, "permanent") == ["a"]
    assert perform(db) == ["tell"], "it failed again, hence its error branch runs again"
    assert executions(db) == ["failed"]
    assert retry(db, execution) == ["retried"]
    assert perform(db) == ["a"]
    assert perform(db) == ["b"]
    assert steps(db) == {"a": "completed", "tell": "not_reached", "end": "not_reached", "b": "completed"}
    assert executions(db) == ["completed"]


def test_what_a_stop_ended_elsewhere_stays_ended(db: Connection) -> None:
    """a fails and goes on to b, while c stops the execution; b was cancelled by that, and stays so."""
    edges = [("a", "b", "success"), ("a", "b", "error"), ("c", "end", "success")]
    workflow = define(
        db,
        [
            {"id": "a", "on_error": "continue"},
            {"id": "b"},
            {"id": "c"},
            {"id": "end", "type": "stop", "as": "completed"},
        ],
        edges,
    )
    happen(db, workflow, {"id": 1})
    by_step = {action["step_id"]: action for action in claim(db)}
    freeze(db, list(by_step.values()))
    report(db, [by_step["a"]], "permanent")
    report(db, [by_step["c"]])
    assert steps(db) == {"a": "failed", "b": "cancelled", "c": "completed", "end": "completed"}
    assert retry(db, only(db)) == ["retried"]
    assert perform(db) == ["a"]
    assert steps(db) == {"a": "completed", "b": "cancelled", "c": "completed", "end": "completed"}
    assert executions(db) == ["completed"]


def test_a_step_whose_start_failed_is_begun_anew(db: Connection) -> None:
    bad = {"id": "d", "type": "delay", "for": {"path": ["new", "wait"]}}
    workflow = define(db, [bad, {"id": "b"}], [("d", "b", "success")])
    happen(db, workflow, {"id": 1, "wait": "soon"})
    tick(db)
    assert steps(db) == {"d": "failed"} and executions(db) == ["failed"]
    execution = only(db)
    assert retry(db, execution) == ["retried"]
    assert executions(db) == ["failed"], "it fails again at once"
    assert count(db, "pgwhen.failures") == 1
    db.execute(
        """update pgwhen.steps set compiled = compiled || '{"for": {"literal": "0 seconds"}}' where step_id = 'd'"""
    )
    assert retry(db, execution) == ["retried"]
    assert steps(db) == {"d": "completed", "b": "queued"}
    (action,) = claim(db)
    assert action["generation"] == 3


def test_an_uncertain_step_of_an_unfinished_execution(db: Connection) -> None:
    happen(db, define(db, [{"id": "a", "on_uncertain": "stop"}, {"id": "b"}], CHAIN), {"id": 1})
    perform(db, "uncertain")
    assert steps(db) == {"a": "uncertain"} and executions(db) == ["waiting"]
    assert retry(db, only(db)) == ["retried"]
    assert perform(db) == ["a"]
    assert perform(db) == ["b"]
    assert executions(db) == ["completed"] and count(db, "pgwhen.failures") == 0


def test_a_held_step(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "auth")
    assert steps(db) == {"a": "held"} and count(db, "pgwhen.held") == 1
    assert retry(db, only(db)) == ["retried"]
    assert steps(db) == {"a": "queued"} and count(db, "pgwhen.held") == 0


def test_what_moves_or_did_not_fail_is_refused_and_unchanged(db: Connection) -> None:
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, {"id": 1})
    tick(db)
    execution = only(db)
    assert retry(db, execution) == ["running: not finished"]
    perform(db, "transient")
    assert retry(db, execution) == ["waiting: not finished"]
    db.execute("update pgwhen.sleepers set due_at = now()")
    perform(db)
    assert retry(db, execution) == ["completed: nothing failed"]
    missing = uuid.uuid4()
    assert sorted(retry(db, execution, missing)) == ["completed: nothing failed", "not found"]
    assert count(db, "pgwhen.audit_log") == 0
    assert db.execute("select generation from pgwhen.executions").fetchone() == (1,)


def test_a_cancelled_execution_is_refused(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    execution = only(db)
    db.execute("select * from pgwhen.cancel_executions(%s)", [[execution]])
    assert retry(db, execution) == ["cancelled"]


def test_failed_by_a_stop_is_refused(db: Connection) -> None:
    happen(db, define(db, [{"id": "end", "type": "stop", "as": "failed"}]), {"id": 1})
    tick(db)
    assert retry(db, only(db)) == ["failed by a stop: no step to retry"]


def test_a_late_report_of_the_old_generation_changes_nothing(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    happen(db, define(db, [{"id": "a", "on_uncertain": "stop"}]), {"id": 1})
    first = claim(db, lease=60)
    freeze(db, first)
    fake_clock(db, "2026-11-21 12:05+00")
    claim(db)
    assert steps(db) == {"a": "uncertain"}
    retry(db, only(db))
    second = claim(db)
    assert report(db, first) == {"reported": 0, "late": 1}
    assert steps(db) == {"a": "claimed"}
    freeze(db, second)
    assert report(db, second) == {"reported": 1, "late": 0}
    assert executions(db) == ["completed"]


def test_of_two_sessions_one_retries_and_the_other_is_told(db: Connection, connect: Connect) -> None:
    execution = failed(db, define(db, [{"id": "a"}]))
    results: list[str] = []
    first, second = connect(autocommit=False), connect()
    assert retry(first, execution) == ["retried"]
    thread = threading.Thread(target=lambda: results.extend(retry(second, execution)))
    thread.start()
    while not db.execute(
        "select from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'retry_executions'"
    ).fetchall():
        assert thread.is_alive()
    first.commit()
    thread.join(10)
    assert results == ["running: not finished"]
    assert db.execute("select generation from pgwhen.executions").fetchone() == (2,)
    assert count(db, "pgmq.q_pgwhen_actions") == 1 and count(db, "pgwhen.audit_log") == 1


def test_many_sessions_with_overlapping_lists_in_any_order(db: Connection, connect: Connect) -> None:
    workflow = define(db, [{"id": "a"}])
    happen(db, workflow, *({"id": n} for n in range(40)))
    perform(db, "permanent")
    ids = [row[0] for row in db.execute("select execution_id from pgwhen.executions").fetchall()]
    results: list[list[Any]] = []
    barrier = threading.Barrier(4)

    def work(n: int) -> None:
        connection = connect()
        barrier.wait()
        order = ids[n * 5 :] + ids[: n * 5]
        rows = connection.execute(
            "select * from pgwhen.retry_executions(%s)", [order[:: 1 if n % 2 else -1]]
        ).fetchall()
        results.extend(rows)

    threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(row[0] for row in results if row[1] == "retried") == sorted(ids)
    assert len(results) == 160
    assert count(db, "pgmq.q_pgwhen_actions") == 40


def test_another_tenants_execution_is_not_found(db: Connection, login: Any) -> None:
    execution = failed(db, define(db, [{"id": "a"}]))
    dsn = login("pgwhen_operator")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert retry(other, execution) == ["not found"]
        assert other.execute("select * from pgwhen.retry_failed()").fetchall() == []
    db.execute("delete from pgwhen.tenant_roles")
    with psycopg.connect(dsn, autocommit=True) as own:
        assert retry(own, execution) == ["retried"]
    assert db.execute("select actor from pgwhen.audit_log").fetchone() == ("test_pgwhen_operator",)


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller", "pgwhen_actions"])
def test_only_operators_may(db: Connection, connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select * from pgwhen.retry_executions(array[gen_random_uuid()])")


@pytest.mark.parametrize("ids", [None, [], [None] * 10001])
def test_an_empty_or_boundless_list_is_refused(db: Connection, ids: Any) -> None:
    with pytest.raises(psycopg.Error) as error:
        db.execute("select * from pgwhen.retry_executions(%s::uuid[])", [ids])
    assert error.value.sqlstate in ("WF150", "WF151")


def test_nulls_and_repeated_ids(db: Connection) -> None:
    execution = failed(db, define(db, [{"id": "a"}]))
    query = "select execution_id, result from pgwhen.retry_executions(%s::uuid[])"
    rows = db.execute(query, [[execution, None, execution]]).fetchall()
    assert rows == [(execution, "retried"), (None, "not found")]
