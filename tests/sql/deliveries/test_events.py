"""What providers tell as events: only where something can use them, with their cause, in any order."""

from typing import Any

import pytest

from tests.sql.deliveries.support import EMAIL, Mail
from tests.sql.wait.support import http

BOUNCED = {"bounce": {"type": "Permanent", "message": "no such user"}}


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(EMAIL)
    mail.connect("resend")
    return mail.send()


def test_what_nobody_uses_is_not_emitted(mail: Mail, key: str) -> None:
    for word in ("delivered", "opened", "bounced"):
        mail.tell("resend", word, key)
    assert mail.queued() == []


def test_a_workflow_starts_from_a_bounce(mail: Mail, key: str) -> None:
    step = {"id": "call", "type": "transform", "set": {"who": "{{ input.address }}", "of": "{{ input.workflow_id }}"}}
    mail.app.apply(step, name="bounces", when={"event": "message.bounced"})
    mail.tell("resend", "delivered", key)
    assert mail.queued() == []
    mail.tell("resend", "bounced", key, **BOUNCED)
    (event,) = mail.queued()
    execution = key.split(":")[0]
    assert event["cause"] == {"execution": execution, "depth": 1}
    del event["input"]["delivery"]
    assert event["input"] == {
        "status": "bounced",
        "channel": "email",
        "address": "ann@example.com",
        "connection": "resend",
        "provider_message_id": "m-1",
        "execution_id": execution,
        "step_id": "mail",
        "part": 0,
        "workflow_id": "wf",
        "at": "2026-01-05T11:59:58+00:00",
        "provider_event": "email.bounced",
        "detail": {"type": "Permanent", "message": "no such user"},
    }
    mail.app.tick()
    assert mail.app.step("call", "output") == {"who": "ann@example.com", "of": "wf"}
    told = mail.db.execute("select event_id from pgwhen.deliveries where status = 'bounced'").fetchone()
    event_id = mail.db.execute("select event_id from pgwhen.events where type = 'message.bounced'").fetchone()
    assert told == event_id


def test_a_bounce_of_the_message_about_a_bounce_ends_there(mail: Mail, key: str) -> None:
    """The loop guard: a workflow stands among the causes of the event that would start it again."""
    mail.app.apply({**EMAIL, "to": "boss@example.com"}, name="bounces", when={"event": "message.bounced"})
    mail.tell("resend", "bounced", key, **BOUNCED)
    mail.app.tick()
    (second,) = mail.leave()
    mail.tell("resend", "bounced", second, "boss@example.com", **BOUNCED)
    mail.app.tick()
    assert mail.app.count("pgwhen.executions") == 2
    notes = mail.db.execute(
        "select notes from pgwhen.events where type = 'message.bounced' order by event_id"
    ).fetchall()
    assert notes[0] == (None,) and notes[1][0]["skipped"][0]["reason"] == "reentry"


def test_exit_on_uses_them_too(mail: Mail) -> None:
    mail.app.apply(
        EMAIL,
        {"id": "pause", "type": "delay", "for": "3 days"},
        http("reminder"),
        exit_on=[{"event": "message.clicked", "match": {"execution_id": "{{ execution.id }}"}}],
    )
    mail.connect("resend")
    key = mail.send()
    mail.tell("resend", "opened", key)
    assert mail.queued() == []
    mail.tell("resend", "clicked", key)
    mail.app.tick()
    assert mail.app.execution() == "completed" and "message.clicked" in mail.app.execution("reason")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sent"], "accepted"),
        (["delivered", "sent"], "delivered"),
        (["opened", "delivered"], "opened"),
        (["clicked", "opened", "delivered", "sent"], "clicked"),
        (["delivered", "bounced"], "bounced"),
        (["complained", "opened"], "complained"),
        (["failed", "sent"], "failed"),
    ],
)
def test_the_strongest_word_counts_in_whatever_order(mail: Mail, key: str, words: list[str], expected: str) -> None:
    for word in words:
        mail.tell("resend", word, key)
    assert shown(mail, key)["status"] == expected


def shown(mail: Mail, key: str) -> Any:
    """The delivery of the message, as show says it."""
    row = mail.db.execute("select pgwhen.show_execution(%s)", [key.split(":")[0]]).fetchone()
    assert row is not None
    return row[0]["steps"][0]["delivery"]


def test_show_says_it_for_each_recipient(mail: Mail, key: str) -> None:
    assert shown(mail, key) is None
    mail.tell("resend", "bounced", key, "bob@example.com", **BOUNCED)
    mail.tell("resend", "delivered", key)
    delivery = shown(mail, key)
    assert delivery["status"] == "bounced"
    assert [(r["address"], r["status"]) for r in delivery["recipients"]] == [
        ("ann@example.com", "delivered"),
        ("bob@example.com", "bounced"),
    ]
    assert delivery["recipients"][1]["detail"]["message"] == "no such user"


def test_maintain_drops_them_when_failures_are_dropped(mail: Mail, key: str) -> None:
    mail.tell("resend", "delivered", key)
    mail.app.at("2026-03-30T12:00:00Z")
    row = mail.db.execute("select pgwhen.maintain()").fetchone()
    assert row is not None and row[0]["removed"]["deliveries"] == 0
    mail.app.at("2026-04-06T12:00:00Z")
    row = mail.db.execute("select pgwhen.maintain()").fetchone()
    assert row is not None and row[0]["removed"]["deliveries"] == 1 and mail.rows() == []


def test_forget_erases_whom_it_was_to(mail: Mail, key: str) -> None:
    mail.app.apply({"id": "t", "type": "transform", "set": {"a": 1}}, name="b", when={"event": "message.bounced"})
    mail.db.execute("update pgwhen.frozen_messages set recipients = '{ann@example.com}'")
    mail.tell("resend", "bounced", key, "ANN@example.com", **BOUNCED)
    mail.app.tick()
    mail.tell("resend", "complained", "0:x:1:0", "ann@example.com")
    mail.tell("resend", "complained", "0:x:1:0", "bob@example.com")
    row = mail.db.execute("select pgwhen.forget_record('leads', '1')").fetchone()
    assert row is not None and row[0]["state"] == "forgotten" and row[0]["counts"]["deliveries"] == 1
    assert mail.rows() == [("bounced", None), ("complained", None), ("complained", "bob@example.com")]
    left = mail.db.execute(
        "select d::text from pgwhen.deliveries d union all select e::text from pgwhen.events e"
        " union all select message::text from pgmq.q_pgwhen_events"
    ).fetchall()
    assert not [text for (text,) in left if "ann@" in text.lower()]


def test_a_notification_goes_on_when_a_channel_has_failed(mail: Mail, key: str) -> None:
    """It looks at what was told itself; the tick is told that there is something to look at."""
    mail.db.execute("update pgwhen.steps set type = 'notification'")
    mail.tell("resend", "sent", key)
    assert mail.app.count("pgwhen.handovers") == 0
    mail.tell("resend", "bounced", key)
    rows = mail.db.execute("select execution_id::text, step_id, purpose from pgwhen.handovers").fetchall()
    assert rows == [(key.split(":")[0], "mail", "notification")]
