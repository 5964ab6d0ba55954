"""Callbacks of Telnyx: signed by Ed25519; the key comes back as a tag, or in the URL."""

import psycopg
import pytest

from tests.sql.deliveries.support import NOON, SMS, URL, Mail, Provider, call, status

NUMBER = "+31612345678"


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(SMS)
    mail.connect("telnyx")
    return mail.send(connection="telnyx")


@pytest.mark.parametrize(
    ("word", "more", "expected", "suppressed"),
    [
        ("sent", {}, "accepted", False),
        ("delivery_unconfirmed", {}, "accepted", False),
        ("delivered", {}, "delivered", False),
        ("sending_failed", {"errors": [{"code": "40012", "title": "Invalid"}]}, "failed", False),
        ("delivery_failed", {"errors": [{"code": "40300", "title": "Blocked due to STOP message"}]}, "failed", True),
    ],
)
def test_what_each_status_means(
    mail: Mail, key: str, word: str, more: dict[str, object], expected: str, suppressed: bool
) -> None:
    mail.tell("telnyx", word, key, NUMBER, **more)
    assert mail.rows() == [(expected, NUMBER)]
    assert mail.db.execute("select step_id from pgwhen.deliveries").fetchall() == [("text",)]
    assert mail.suppressed() == ([("default", "sms", NUMBER, None, "opt_out", "telnyx")] if suppressed else [])


def test_the_key_may_stand_in_the_url(mail: Mail, key: str) -> None:
    told = status("telnyx", "delivered", key, NUMBER, tags=[])
    called = mail.providers["telnyx"].sign(told, url=f"{URL}?x=1&pgwhen={key.replace(':', '%3A')}")
    call(mail.db, "telnyx", "telnyx", called)
    assert mail.db.execute("select step_id from pgwhen.deliveries").fetchall() == [("text",)]


def test_stop_and_start(mail: Mail, key: str) -> None:
    def write(text: str) -> None:
        payload = {
            "id": f"in-{text}",
            "from": {"phone_number": NUMBER},
            "to": [{"phone_number": "+15005550006"}],
            "text": text,
        }
        told = {"id": text, "event_type": "message.received", "occurred_at": "2026-01-05T12:00:00Z", "payload": payload}
        call(mail.db, "telnyx", "telnyx", mail.providers["telnyx"].sign(told))

    write("STOP ALL")
    assert mail.suppressed() == [("default", "sms", NUMBER, None, "opt_out", "STOP")]
    write("Unstop")
    assert mail.suppressed() == []
    assert [event["input"]["text"] for event in mail.queued()] == ["STOP ALL", "Unstop"]


@pytest.mark.parametrize("where", ["body", "time", "signature", "key", "none"])
def test_what_was_changed_on_the_way_is_refused(mail: Mail, key: str, where: str) -> None:
    provider = Provider.make("telnyx") if where == "key" else mail.providers["telnyx"]
    called = provider.sign(status("telnyx", "delivered", key, NUMBER))
    if where == "body":
        called.body = called.body.replace(b"delivered", b"delivereb")
    elif where == "time":
        called.headers["telnyx-timestamp"] = str(NOON + 1)
    elif where == "signature":
        called.headers["telnyx-signature-ed25519"] = "AAAA"
    elif where == "none":
        called.headers = {}
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "telnyx", "telnyx", called)
    assert error.value.sqlstate == "WF461" and mail.rows() == []


def test_an_old_signature_is_refused(mail: Mail, key: str) -> None:
    called = mail.providers["telnyx"].sign(status("telnyx", "delivered", key, NUMBER), at=NOON - 301)
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "telnyx", "telnyx", called)
    assert error.value.sqlstate == "WF463"


@pytest.mark.parametrize(
    "told", [{}, [], {"event_type": "message.finalized"}, {"event_type": "message.received", "payload": []}, "x"]
)
def test_strange_json_is_no_error(mail: Mail, key: str, told: object) -> None:
    assert call(mail.db, "telnyx", "telnyx", mail.providers["telnyx"].sign(told))["recorded"] == 0
