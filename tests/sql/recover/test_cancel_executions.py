"""Cancelled at once; what is in flight is recorded and not followed."""

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
    freeze,
    happen,
    perform,
    report,
    steps,
    tick,
)

CHAIN = [("a", "b", "success")]


def cancel(db: Connection, *ids: uuid.UUID, reason: str | None = None) -> list[str]:
    """Cancel; the results in order of the ids."""
    rows = db.execute("select result from pgwhen.cancel_executions(%s, %s)", [list(ids), reason]).fetchall()
    return [row[0] for row in rows]


def ids(db: Connection) -> list[uuid.UUID]:
    """The executions."""
    return [row[0] for row in db.execute("select execution_id from pgwhen.executions order by 1").fetchall()]


def test_queued_and_sleeping_steps_are_cancelled_and_nothing_is_left_to_do(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "waits", "type": "delay", "for": {"literal": "1 day"}}]), {"id": 1})
    tick(db)
    assert cancel(db, *ids(db), reason="a test") == ["cancelled"]
    assert steps(db) == {"a": "cancelled", "waits": "cancelled"}
    row = db.execute("select status, reason, finished_at is not null from pgwhen.executions").fetchone()
    assert row == ("cancelled", "a test", True)
    assert claim(db) == []
    for table in ("pgwhen.unfinished", "pgwhen.sleepers", "pgwhen.ready", "pgwhen.held", "pgmq.q_pgwhen_actions"):
        assert count(db, table) == 0, table
    row = db.execute("select command, reason from pgwhen.audit_log").fetchone()
    assert row == ("cancel_executions", "a test")


def test_a_held_step(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db, "auth")
    assert cancel(db, *ids(db)) == ["cancelled"]
    assert steps(db) == {"a": "cancelled"} and count(db, "pgwhen.held") == 0


def test_an_action_in_flight_ends_and_is_not_followed(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}, {"id": "b"}], CHAIN), {"id": 1})
    actions = claim(db)
    freeze(db, actions)
    assert cancel(db, *ids(db)) == ["cancelled; in flight, its result will be recorded: a"]
    assert steps(db) == {"a": "sending"}
    assert report(db, actions) == {"reported": 1, "late": 0}
    assert steps(db) == {"a": "completed"} and executions(db) == ["cancelled"]
    assert count(db, "pgwhen.attempts") == 1 and count(db, "pgmq.q_pgwhen_actions") == 0


def test_an_action_that_was_claimed_but_not_sent_is_lost_to_its_poller(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    cancel(db, *ids(db))
    assert [verdict["verdict"] for verdict in freeze(db, actions)] == ["lost"]
    assert count(db, "pgwhen.frozen_messages") == 0


def test_a_transient_failure_after_the_cancel_is_not_tried_again(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    actions = claim(db)
    freeze(db, actions)
    cancel(db, *ids(db))
    report(db, actions, "transient")
    assert steps(db) == {"a": "failed"} and executions(db) == ["cancelled"] and count(db, "pgwhen.sleepers") == 0


def test_what_has_ended_stays_as_it_is(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    perform(db)
    assert cancel(db, *ids(db), uuid.UUID(int=0)) == ["not found", "already completed"]
    assert executions(db) == ["completed"] and count(db, "pgwhen.audit_log") == 0


def test_a_retry_and_a_cancel_at_once_do_not_meet_half_way(db: Connection, connect: Connect) -> None:
    happen(db, define(db, [{"id": "a"}]), *({"id": n} for n in range(20)))
    perform(db, "permanent")
    everything = ids(db)
    barrier = threading.Barrier(2)
    results: dict[str, list[Any]] = {}

    def work(function: str) -> None:
        connection = connect()
        barrier.wait()
        results[function] = connection.execute(f"select * from pgwhen.{function}(%s)", [everything]).fetchall()  # type: ignore[arg-type]

    threads = [threading.Thread(target=work, args=[f]) for f in ("retry_executions", "cancel_executions")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {row[1] for row in results["retry_executions"]} == {"retried"}
    assert len({row[1] for row in results["cancel_executions"]}) == 1
    assert set(executions(db)) <= {"running", "cancelled"}
    running = executions(db).count("running")
    assert count(db, "pgwhen.unfinished") == running


def test_another_tenants_is_not_found(db: Connection, login: Any) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    dsn = login("pgwhen_operator")
    db.execute("insert into pgwhen.tenants (tenant) values ('other')")
    db.execute("insert into pgwhen.tenant_roles values ('test_pgwhen_operator', 'other')")
    with psycopg.connect(dsn, autocommit=True) as other:
        assert cancel(other, *ids(db)) == ["not found"]
    assert executions(db) == ["running"]


@pytest.mark.parametrize("role", ["pgwhen_viewer", "pgwhen_author", "pgwhen_app", "pgwhen_poller"])
def test_only_operators_may(connect: Connect, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(role).execute("select * from pgwhen.cancel_executions(array[gen_random_uuid()])")


def test_an_empty_list_is_refused(db: Connection) -> None:
    with pytest.raises(psycopg.Error) as error:
        cancel(db)
    assert error.value.sqlstate == "WF150"
