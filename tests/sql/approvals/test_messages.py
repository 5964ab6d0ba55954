"""Messages are parts of their step: sent, retried and failing by themselves."""

import json
from typing import Any

import pytest

from tests.sql.approvals.support import (
    ANNA,
    BO,
    Connection,
    advance,
    approval,
    approve,
    clock,
    deliver,
    execution,
    messages,
    order,
    publish,
    step,
)
from tests.sql.engine.support import claim, freeze, report, tick


def test_a_claimed_message_is_complete(db: Connection) -> None:
    publish(
        db,
        name="Release the order",
        approvers=[ANNA, BO],
        via="mail",
        timeout="3 days",
        message={"subject": "{{ order.title }}?", "text": "{{ approval.approve }}"},
    )
    order(db)
    first, second = sorted(claim(db), key=lambda action: action["part"])
    assert [(a["type"], a["part"]) for a in (first, second)] == [("email", 1), ("email", 2)]
    assert first["definition"] == {
        "to": "{{ approval.email }}",
        "subject": "{{ order.title }}?",
        "text": "{{ approval.approve }}",
        "connection": "mail",
    }
    assert first["context"]["order"]["title"] == "Roof"
    given = first["context"]["approval"]
    assert {k: v for k, v in given.items() if k != "token"} == {
        "id": str(approval(db)),
        "kind": "request",
        "number": 1,
        "approver": ANNA,
        "email": ANNA,
        "phone": None,
        "workflow": "orders",
        "title": "Release the order",
        "requested_at": "2026-06-01T08:00:00+00:00",
        "expires_at": "2026-06-04T08:00:00+00:00",
        "then": "then it fails",
        "approve": f"pgwhen approve {approval(db)} --by {ANNA}",
        "reject": f'pgwhen reject {approval(db)} --by {ANNA} --comment "..."',
    }
    assert given["token"] != second["context"]["approval"]["token"]
    assert first["idempotency_key"].endswith(":ok:1:1") and second["idempotency_key"].endswith(":ok:1:2")
    assert first["timeout_seconds"] == 30


def test_the_execution_waits_whatever_its_messages_do(db: Connection) -> None:
    publish(db)
    order(db)
    assert execution(db)[0] == "waiting"
    actions = claim(db)
    freeze(db, actions)
    assert execution(db)[0] == "waiting"
    report(db, actions)
    assert execution(db)[0] == "waiting" and step(db) == ("waiting", None)


def test_a_transient_failure_is_tried_again_by_itself(db: Connection) -> None:
    publish(db, retry={"attempts": 2, "backoff": "1 minute", "jitter": "none"})
    order(db)
    deliver(db, "transient")
    assert messages(db) == [("request", ANNA, "sleeping")] and step(db) == ("waiting", None)
    advance(db, "1 minute")
    assert messages(db) == [("request", ANNA, "queued")]
    (action,) = deliver(db)
    assert action["attempt"] == 2 and action["frozen"] and action["type"] == "email"
    assert messages(db) == [("request", ANNA, "completed")]


def test_a_message_that_cannot_be_sent_is_visible_and_not_fatal(db: Connection) -> None:
    publish(db)
    order(db)
    deliver(db, "permanent")
    assert messages(db) == [("request", ANNA, "failed")] and step(db) == ("waiting", None)
    assert db.execute("select count(*) from pgwhen.failures").fetchone() == (0,)
    row = db.execute("select level, message from pgwhen.logs").fetchone()
    assert row == ("warning", f"the request to {ANNA} was not sent: a permanent answer")
    row = db.execute("select status, detail from pgwhen.doctor() where check_name = 'approvals'").fetchone()
    assert row and row[0] == "warning" and "nobody was told" in row[1]
    assert approve(db, ANNA) == "approved"
    assert execution(db)[0] == "completed"
    row = db.execute("select had_failures from pgwhen.executions").fetchone()
    assert row == (False,), "the message failed, no step did"


def test_a_transient_failure_after_the_decision_is_not_tried_again(db: Connection) -> None:
    publish(db, after=[{"id": "long", "type": "delay", "for": "9 days"}])
    order(db)
    actions = claim(db)
    freeze(db, actions)
    approve(db, ANNA)
    report(db, actions, "transient")
    assert messages(db) == [("request", ANNA, "failed")]
    assert db.execute("select purpose from pgwhen.sleepers").fetchall() == [("delay",)]


def test_what_was_claimed_and_not_sent_is_lost_to_its_poller_after_the_decision(db: Connection) -> None:
    publish(db, after=[{"id": "long", "type": "delay", "for": "9 days"}])
    order(db)
    actions = claim(db)
    approve(db, ANNA)
    assert [v["verdict"] for v in freeze(db, actions)] == ["lost"]


def test_a_lease_that_runs_out_while_sending_sends_it_again(db: Connection) -> None:
    publish(db, retry={"backoff": "1 minute", "jitter": "none"})
    order(db)
    freeze(db, claim(db))
    advance(db, "61 seconds")
    claim(db)
    assert messages(db) == [("request", ANNA, "sleeping")] and step(db) == ("waiting", None)
    advance(db, "2 minutes")
    (action,) = deliver(db)
    assert action["part"] == 1 and messages(db) == [("request", ANNA, "completed")]


def test_held_by_a_paused_connection_and_released(db: Connection) -> None:
    publish(db, approvers=[ANNA, BO])
    order(db)
    db.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
        " values ('default', 'mail', 'email', 'smtp', now())"
    )
    db.execute("select pgwhen.pause_connection('mail')")
    actions = claim(db)
    assert [v["verdict"] for v in freeze(db, actions, connection="mail")] == ["held", "held"]
    assert step(db) == ("waiting", None)
    row = db.execute("select pgwhen.resume_connection('mail')").fetchone()
    assert row == ({"resumed": True, "released": 2},)
    assert [status for _, _, status in messages(db)] == ["queued", "queued"]
    assert sorted(a["part"] for a in deliver(db)) == [1, 2]


def test_by_text_message_where_the_connection_is_one(db: Connection) -> None:
    db.execute(
        "insert into pgwhen.connections (tenant, name, channel, provider, updated_at)"
        " values ('default', 'texts', 'sms', 'twilio', now())"
    )
    publish(db, approvers=[{"user": "boss", "phone": "+31612345678"}, {"user": "other"}], via="texts")
    order(db)
    (action,) = claim(db)
    assert action["type"] == "sms" and action["definition"]["to"] == "{{ approval.phone }}"
    assert action["context"]["approval"]["phone"] == "+31612345678"
    assert db.execute("select count(*) from pgwhen.logs").fetchone() == (0,), "one of the two was told"


def test_somebody_without_an_address_is_told_of_in_the_log(db: Connection) -> None:
    publish(db, approvers=[{"user": "boss"}])
    order(db)
    assert claim(db) == []
    row = db.execute("select message from pgwhen.logs").fetchone()
    assert row == ("no request was sent: boss has no e-mail address; the approval stands under pgwhen approvals",)
    assert approve(db, "boss") == "approved"


def test_while_the_queue_is_long_messages_wait_their_turn(db: Connection) -> None:
    publish(db)
    db.execute(
        "insert into pgmq.q_pgwhen_actions (vt, enqueued_at, message)"
        " select now() + interval '1 year', now(), '{\"v\": 99}' from generate_series(1, 1200)"
    )
    order(db)
    assert messages(db) == [("request", ANNA, "ready")]
    db.execute("delete from pgmq.q_pgwhen_actions")
    tick(db)
    assert messages(db) == [("request", ANNA, "queued")]
    assert len(deliver(db)) == 1


@pytest.mark.parametrize("count", [60])
def test_many_at_once(db: Connection, count: int) -> None:
    publish(db, approvers=[ANNA, BO])
    db.execute("insert into orders (id, title) select n, 'x' from generate_series(1, %s) n", [count])
    tick(db)
    actions: list[dict[str, Any]] = []
    while batch := deliver(db):
        actions += batch
    assert len(actions) == 2 * count
    assert len({json.dumps(a["context"]["approval"]["id"]) for a in actions}) == count
    clock(db, "2026-06-01T08:00:01+00:00")
    db.execute("select pgwhen.decide_approval(approval_id, 'approved', %s) from pgwhen.approvals", [ANNA])
    rows = db.execute("select status, count(*) from pgwhen.executions group by 1").fetchall()
    assert rows == [("completed", count)]
