"""A notification tells one person by the first channel that reaches them, as they prefer."""

import json
from typing import Any

import pytest

from tests.sql.notifications.support import (
    Connection,
    advance,
    claim,
    deliver,
    freeze,
    publish,
    recipient,
    report,
    step,
    tick,
    ticket,
    told,
)


def test_the_first_channel_tells(db: Connection) -> None:
    publish(db)
    ticket(db)
    (action,) = claim(db)
    assert (action["type"], action["part"]) == ("email", 1)
    assert action["definition"] == {
        "to": "{{ notification.to.email }}",
        "subject": "Ticket {{ ticket.title }}",
        "text": "{{ notification.count }}: {{ ticket.title }}",
        "locale": ["{{ tenant.locale }}"],
    }
    assert action["context"]["ticket"]["title"] == "T1"
    given = action["context"]["notification"]
    assert given["to"] == {"email": "ann@example.com", "phone": "+31612345678"}
    assert (given["channel"], given["recipient"], given["items"], given["count"]) == ("email", "ann@example.com", [], 1)
    freeze(db, [action])
    report(db, [action], output={"message_id": "m1"})
    tick(db)
    status, _, output = step(db)
    assert status == "completed"
    assert output["channel"] == "email" and output["message_id"] == "m1"
    assert output["channels"] == {"email": {"status": "completed", "message_id": "m1"}}
    assert step(db, "after")[2] == {"told": "email"}
    assert db.execute("select status from pgwhen.executions").fetchall() == [("completed",)]


def test_a_failure_falls_back(db: Connection) -> None:
    publish(db)
    ticket(db)
    assert told(deliver(db, "permanent")) == [("email", 1, "ann@example.com")]
    assert told(deliver(db)) == [("sms", 2, "ann@example.com")]
    status, _, output = step(db)
    assert (status, output["channel"]) == ("completed", "sms")
    assert output["channels"]["email"]["status"] == "failed"


def test_a_channel_is_tried_as_often_as_retry_says(db: Connection) -> None:
    publish(db, retry={"attempts": 2, "backoff": "1 minute", "jitter": "none"})
    ticket(db)
    assert len(deliver(db, "transient")) == 1
    assert deliver(db) == []
    advance(db, "2 minutes")
    (again,) = deliver(db, "transient")
    assert (again["part"], again["frozen"] is not None) == (1, True)
    assert told(deliver(db)) == [("sms", 2, "ann@example.com")]


def test_no_channel_is_left(db: Connection) -> None:
    publish(db, on_error="continue")
    ticket(db)
    deliver(db, "permanent"), deliver(db, "permanent")
    status, _, error = step(db)
    assert (status, error["code"]) == ("failed", "not_notified")
    assert error["message"].startswith("ann@example.com was not told: email: ") and "; sms: " in error["message"]
    assert step(db, "after")[0] == "completed"


def test_time_falls_back(db: Connection) -> None:
    """It was accepted; nothing says that it was delivered."""
    publish(db, fallback_after="30 minutes")
    ticket(db)
    assert told(deliver(db)) == [("email", 1, "ann@example.com")]
    assert step(db)[0] == "waiting"
    advance(db, "29 minutes")
    assert deliver(db) == []
    advance(db, "2 minutes")
    assert told(deliver(db)) == [("sms", 2, "ann@example.com")]
    assert step(db)[2]["channel"] == "sms"


def told_by_provider(db: Connection, status: str) -> None:
    """What a callback records, and leaves to the tick."""
    db.execute(
        "insert into pgwhen.deliveries (received_at, at, execution_id, generation, part, step_id, tenant,"
        " connection_tenant, connection, provider, provider_event_id, channel, status, event)"
        " select now(), now(), execution_id, 1, 1, 'tell', 'default', 'default', 'c', 'resend', 'e', 'email', %s, 'x'"
        " from pgwhen.executions",
        [status],
    )
    db.execute(
        "insert into pgwhen.handovers (execution_id, step_id, purpose)"
        " select execution_id, 'tell', 'notification' from pgwhen.executions"
    )
    tick(db)


def test_what_is_delivered_in_time_does_not_fall_back(db: Connection) -> None:
    publish(db, fallback_after="30 minutes")
    ticket(db)
    deliver(db)
    assert step(db)[0] == "waiting"
    told_by_provider(db, "delivered")
    assert (step(db)[0], step(db)[2]["channel"]) == ("completed", "email")
    advance(db, "31 minutes")
    assert deliver(db) == []


def test_what_bounces_falls_back_at_once(db: Connection) -> None:
    publish(db, fallback_after="30 minutes")
    ticket(db)
    deliver(db)
    told_by_provider(db, "bounced")
    assert told(deliver(db)) == [("sms", 2, "ann@example.com")]
    assert step(db)[2]["channel"] == "sms"


def test_what_has_not_left_in_time_is_given_up(db: Connection) -> None:
    publish(db, fallback_after="30 minutes", retry={"backoff": "1 hour", "max": "1 hour", "jitter": "none"})
    ticket(db)
    deliver(db, "transient")
    advance(db, "31 minutes")
    assert told(deliver(db)) == [("sms", 2, "ann@example.com")]
    advance(db, "2 hours")
    assert deliver(db) == []
    assert step(db)[2]["channels"]["email"]["status"] == "cancelled"


def test_who_has_no_address(db: Connection) -> None:
    publish(db)
    ticket(db, 1, email=None)
    assert told(claim(db)) == [("sms", 1, "+31612345678")]
    ticket(db, 2, email=None, phone=None)
    status, _, error = step(db, number=1)
    assert (status, error["code"], error["message"]) == ("failed", "recipient", "to has no id and no address")


def test_addresses_of_a_known_recipient(db: Connection) -> None:
    recipient(db, "u7", email="bo@example.com", push=["tok"], locale="nl", timezone="Europe/Amsterdam")
    publish(db, to={"id": "u7"}, channels=["push", "email"])
    ticket(db)
    (action,) = claim(db)
    assert (action["type"], action["definition"]["to"]) == ("push", "{{ notification.to.push }}")
    assert action["definition"]["title"] == "Ticket {{ ticket.title }}"
    assert action["definition"]["locale"] == ["{{ notification.to.locale }}", "{{ tenant.locale }}"]
    assert action["definition"]["timezone"] == "Europe/Amsterdam"
    assert action["context"]["notification"]["to"]["push"] == "tok"


def test_preferences(db: Connection) -> None:
    wishes = {"channels": {"email": False}, "categories": {"marketing": False, "news": ["email"]}}
    recipient(db, "ann", email="ANN@example.com", preferences=wishes)
    publish(db, category="news")
    ticket(db)
    status, reason, _ = step(db)
    assert (status, reason) == ("skipped", "ann does not want news by email, sms")
    assert step(db, "after")[2] == {"told": "nobody"}
    publish(db, category="marketing")
    ticket(db, 2)
    assert step(db, number=1)[1] == "ann does not want marketing"
    publish(db)
    ticket(db, 3)
    assert told(claim(db)) == [("sms", 1, "ann")]
    publish(db, channels=["email"])
    ticket(db, 4)
    assert told(claim(db)) == [("email", 1, "ann")], "a transactional message leaves all the same"


def test_a_retry_begins_anew(db: Connection) -> None:
    publish(db)
    ticket(db)
    deliver(db, "permanent"), deliver(db, "permanent")
    assert step(db)[0] == "failed"
    db.execute("select pgwhen.retry_executions(array(select execution_id from pgwhen.executions), p_reason => 'again')")
    assert told(deliver(db)) == [("email", 1, "ann@example.com")]
    rows = db.execute(
        "select status, generation from pgwhen.execution_steps where step_id = 'tell' and part = 0"
    ).fetchall()
    assert rows == [("completed", 2)]


def test_a_cancelled_execution_tells_nobody(db: Connection) -> None:
    publish(db)
    ticket(db)
    db.execute("select pgwhen.cancel_executions(array(select execution_id from pgwhen.executions), 'no')")
    assert claim(db) == []
    assert db.execute("select distinct status from pgwhen.execution_steps where step_id = 'tell'").fetchall() == [
        ("cancelled",)
    ]


def test_a_step_that_is_skipped_tells_nobody_any_more(db: Connection) -> None:
    publish(db, retry={"backoff": "1 hour", "max": "1 hour", "jitter": "none"})
    ticket(db)
    deliver(db, "transient")
    db.execute(
        "select pgwhen.skip_step(array(select execution_id from pgwhen.executions), 'tell', 'told them by telephone')"
    )
    advance(db, "2 hours")
    assert claim(db) == []
    assert step(db)[0] == "skipped" and step(db, "after")[0] == "completed"


def test_pollers_of_contract_1_do_not_get_it(db: Connection) -> None:
    publish(db)
    ticket(db)
    poller = json.dumps({"id": "old", "contract": 1, "connections": []})
    row = db.execute("select pgwhen.tick_and_claim(100, 60, %s)", [poller]).fetchone()
    assert row and row[0]["actions"] == []
    assert len(claim(db)) == 1


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"channels": []}, "WF470", "steps[0].channels"),
        ({"channels": ["fax"]}, "WF470", "steps[0].channels"),
        ({"channels": ["sms", "sms"]}, "WF470", "steps[0].channels"),
        ({"message": {"subject": "x"}}, "WF005", "steps[0].message"),
        ({"message": {"text": "x"}}, "WF005", "steps[0].message"),
        ({"message": {"subject": "x", "text": "x", "body": "x"}}, "WF003", "steps[0].message.body"),
        ({"message": {"subject": "x", "text": "{{ notification.sender }}"}}, "WF017", "steps[0].message.text"),
        ({"to": {"mail": "x"}}, "WF003", "steps[0].to.mail"),
        ({"digest": "weekly"}, "WF012", "steps[0].digest"),
        ({"digest": {"every": "hour", "at": "08:00"}}, "WF014", "steps[0].digest.at"),
        ({"channels": ["sms"], "fallback_after": "1 hour"}, "WF014", "steps[0].fallback_after"),
        ({"connections": {"fax": "x"}}, "WF470", "steps[0].connections.fax"),
    ],
)
def test_mistakes_are_named(db: Connection, given: dict[str, Any], code: str, path: str) -> None:
    step_ = {
        "id": "tell",
        "type": "notification",
        "message": {"subject": "x", "text": "x"},
        "to": {"email": "a@example.com"},
        "channels": ["email", "sms"],
    } | given
    definition = {"workflow": "w", "when": {"table": "tickets", "row": "created"}, "steps": [step_]}
    found = db.execute(
        "select code, path from pgwhen.validate_definition(%s) where severity = 'error'", [json.dumps(definition)]
    ).fetchall()
    assert (code, path) in found
