"""Claiming: what a poller gets, once, and what becomes of it when the poller is lost."""

import json
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
    report,
    steps,
)


def test_an_action_says_all_that_a_poller_needs(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 12345678901234567890, "price": 10})
    (action,) = claim(db)
    key = f"{action['execution_id']}:post:1:0"
    expected = {
        "step_id": "post",
        "generation": 1,
        "part": 0,
        "attempt": 1,
        "tenant": "default",
        "workflow": "w",
        "type": "http",
    }
    assert expected.items() <= action.items() and action["idempotency_key"] == key
    assert action["definition"] == {} and action["frozen"] is None and action["timeout_seconds"] == 30
    assert action["context"]["new"]["id"] == 12345678901234567890


def test_what_is_claimed_is_not_claimed_again_before_the_lease_ends(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1})
    assert len(claim(db, lease=60)) == 1
    fake_clock(db, "2026-11-21 12:00:59+00")
    assert claim(db) == []
    fake_clock(db, "2026-11-21 12:01:00+00")
    (again,) = claim(db)
    assert again["attempt"] == 2 and again["frozen"] is None
    assert count(db, "pgwhen.attempts") == 0


def test_eight_pollers_at_once_claim_every_action_once(db: Connection, connect: Connect) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, *({"id": n} for n in range(300)))
    claimed: list[str] = []

    def work(connection: psycopg.Connection[Any]) -> None:
        while actions := claim(connection, 7):
            claimed.extend(a["execution_id"] for a in actions)
            freeze(connection, actions)
            report(connection, actions)

    db.execute("select pgwhen.tick(500)")
    threads = [threading.Thread(target=work, args=[connect()]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 300
    assert set(executions(db)) == {"completed"} and count(db, "pgmq.q_pgwhen_actions") == 0


def test_a_lease_lost_while_sending_is_uncertain_and_tried_again_with_the_same_bytes(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1})
    actions = claim(db, lease=60)
    freeze(db, actions)
    fake_clock(db, "2026-11-21 12:02+00")
    assert claim(db) == []
    assert steps(db) == {"post": "sleeping"} and executions(db) == ["waiting"]
    assert db.execute("select class, error ->> 'code', late from pgwhen.attempts").fetchall() == [
        ("uncertain", "lease_expired", False)
    ]
    fake_clock(db, "2026-11-21 12:03+00")
    (again,) = claim(db)
    assert again["frozen"] == {"body": actions[0]["idempotency_key"]} and again["connection"] == "http"
    assert again["attempt"] == 2 and again["idempotency_key"] == actions[0]["idempotency_key"]
    assert again["context"] is None and again["definition"] is None


def test_on_uncertain_stop_leaves_a_lost_action_to_a_person(db: Connection) -> None:
    fake_clock(db, "2026-11-21 12:00+00")
    workflow = define(db, [{"id": "post", "on_uncertain": "stop"}])
    happen(db, workflow, {"id": 1})
    freeze(db, claim(db, lease=60))
    fake_clock(db, "2026-11-21 13:00+00")
    assert claim(db) == []
    assert steps(db) == {"post": "uncertain"} and executions(db) == ["waiting"]
    assert count(db, "pgwhen.failures") == 1 and count(db, "pgmq.q_pgwhen_actions") == 0


def test_messages_of_cancelled_steps_and_garbage_do_not_stop_the_queue(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1}, {"id": 2})
    db.execute("select pgwhen.tick()")
    db.execute(
        "update pgwhen.execution_steps set status = 'cancelled'"
        " where execution_id = (select execution_id from pgwhen.executions limit 1)"
    )
    db.execute("insert into pgmq.q_pgwhen_actions (vt, message) values (now(), '{\"hello\": 1}'), (now(), '[]')")
    assert len(claim(db)) == 1
    assert count(db, "pgmq.q_pgwhen_actions") == 3


def test_a_context_that_cannot_be_built_fails_its_action_alone(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    broken = define(
        db,
        [{"id": "read", "reads": [["lead", "name"]]}],
        name="broken",
        attachment_id=workflow.attachment_id,
        compiled={
            "reads": [{"path": ["lead"], "kind": "record", "attachment": workflow.attachment_id, "columns": ["name"]}]
        },
    )
    assert broken.workflow_id
    happen(db, workflow, {"id": 1}, {"id": 2})
    actions = claim(db)
    errors = {a["step_id"]: a["extra"] for a in actions}
    assert len(actions) == 4 and errors["post"] is None and errors["read"]["error"]["code"].startswith("WF13")


def test_a_poller_of_another_contract_is_refused(db: Connection) -> None:
    for poller in ({"id": "old", "contract": 0}, {"id": "none"}):
        with pytest.raises(psycopg.Error) as caught:
            db.execute("select pgwhen.tick_and_claim(1, 1, %s)", [json.dumps(poller)])
        assert caught.value.sqlstate == "WF143" and "migrate" in (caught.value.diag.message_hint or "")


def test_a_claim_of_nothing_still_ticks_and_says_what_is_due(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1})
    row = db.execute('select pgwhen.tick_and_claim(0, 1, \'{"id": "p", "contract": 1}\')').fetchone()
    assert row and row[0]["tick"]["dispatched"] == 1 and row[0]["actions"] == [] and row[0]["more"] is True


def test_the_poller_role_can_call_it_and_see_nothing_else(connect: Connect, db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1})
    poller = connect(user="pgwhen_poller")
    assert len(claim(poller)) == 1
    for relation in ("pgwhen.executions", "pgwhen.events", "pgmq.q_pgwhen_actions", "pgwhen.connections"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            poller.execute(f"select * from {relation}")  # type: ignore[arg-type]


def test_actions_that_begin_in_the_claim_are_leased_as_far_as_there_is_room(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, *({"id": n} for n in range(5)))
    first = claim(db, 3)
    assert len(first) == 3 and {a["attempt"] for a in first} == {1}
    assert count(db, "pgwhen.execution_steps where status = 'claimed' and started_at is not null") == 3
    assert count(db, "pgwhen.execution_steps where status = 'queued'") == 2
    freeze(db, first)
    assert report(db, first) == {"reported": 3, "late": 0}
    assert len(claim(db, 3)) == 2 and claim(db, 3) == []


def test_what_waits_goes_before_what_begins(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    happen(db, workflow, {"id": 1}, {"id": 2})
    db.execute("select pgwhen.tick(500)")
    happen(db, workflow, {"id": 3}, {"id": 4})
    assert sorted(a["context"]["new"]["id"] for a in claim(db, 3))[:2] == [1, 2]
    assert len(claim(db, 3)) == 1


def test_a_tick_without_a_claim_leases_nothing(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}])
    with db.transaction():
        assert claim(db, 10) == []
        happen(db, workflow, {"id": 1})
        db.execute("select pgwhen.tick(500)")
    assert steps(db) == {"post": "queued"}


def test_an_action_whose_execution_fails_in_the_same_tick_is_neither_given_out_nor_kept(db: Connection) -> None:
    workflow = define(db, [{"id": "post"}, {"id": "sleep", "type": "delay", "until": {"path": ["new", "nothing"]}}])
    happen(db, workflow, {"id": 1})
    assert claim(db) == []
    assert executions(db) == ["failed"] and steps(db) == {"post": "cancelled", "sleep": "failed"}
    assert count(db, "pgmq.q_pgwhen_actions") == 0


def test_only_a_freeze_waits_for_the_disk_and_brings_the_claim_along(db: Connection) -> None:
    db.execute("set synchronous_commit = on")
    happen(db, define(db, [{"id": "post"}]), {"id": 1})
    with db.transaction():
        actions = claim(db)
        assert db.execute("show synchronous_commit").fetchone() == ("off",)
    ((written,),) = db.execute("select pg_current_wal_insert_lsn()").fetchall()
    assert len(actions) == 1
    for _ in range(2):  # the second time the same attempt asks, whose answer was lost
        with db.transaction():
            assert [verdict["verdict"] for verdict in freeze(db, actions)] == ["send"]
            ((waits, writes),) = db.execute(
                "select current_setting('synchronous_commit'), pg_current_xact_id_if_assigned() is not null"
            ).fetchall()
        assert (waits, writes) == ("on", True), "a transaction that writes nothing would not wait"
        assert db.execute("select pg_current_wal_flush_lsn() >= %s", [written]).fetchone() == (True,)
