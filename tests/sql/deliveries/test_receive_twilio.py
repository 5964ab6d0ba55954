"""Callbacks of Twilio: statuses, texts from people, STOP; the URL is part of what is signed."""

from typing import Any

import psycopg
import pytest

from tests.sql.deliveries.support import SMS, URL, Mail, call, status

NUMBER = "+31612345678"


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(SMS)
    mail.connect("twilio")
    return mail.send(connection="twilio")


def text(mail: Mail, body: str, sid: str, **more: str) -> dict[str, Any]:
    """A person writes to our number."""
    told = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "From": NUMBER,
        "To": "+15005550006",
        "Body": body,
    }
    return call(mail.db, "twilio", "twilio", mail.providers["twilio"].sign(told | more))


@pytest.mark.parametrize(
    ("word", "more", "expected", "suppressed"),
    [
        ("queued", {}, "accepted", False),
        ("sent", {}, "accepted", False),
        ("delivered", {}, "delivered", False),
        ("read", {}, "delivered", False),
        ("undelivered", {"ErrorCode": "30005"}, "failed", False),
        ("failed", {"ErrorCode": "21610", "ErrorMessage": "opted out"}, "failed", True),
    ],
)
def test_what_each_status_means(
    mail: Mail, key: str, word: str, more: dict[str, str], expected: str, suppressed: bool
) -> None:
    mail.tell("twilio", word, key, NUMBER, **more)
    assert mail.rows() == [(expected, NUMBER)]
    assert mail.db.execute("select step_id from pgwhen.deliveries").fetchall() == [("text",)]
    assert mail.suppressed() == ([("default", "sms", NUMBER, None, "opt_out", "twilio")] if suppressed else [])


def test_a_status_counts_once(mail: Mail, key: str) -> None:
    assert [mail.tell("twilio", "delivered", key, NUMBER)["recorded"] for _ in range(2)] == [1, 0]


def test_by_get_too(mail: Mail, key: str) -> None:
    told = status("twilio", "delivered", key, NUMBER)
    called = mail.providers["twilio"].sign(told, url=f"{URL}?pgwhen={key}", get=True)
    assert call(mail.db, "twilio", "twilio", called)["recorded"] == 1
    assert mail.db.execute("select step_id, address from pgwhen.deliveries").fetchall() == [("text", NUMBER)]


@pytest.mark.parametrize("signed", ["https://hooks.example.com/x", "https://hooks.example.com:443/x"])
@pytest.mark.parametrize("seen", ["https://hooks.example.com/x", "https://hooks.example.com:443/x"])
def test_the_port_of_https_may_be_there_or_not(mail: Mail, key: str, signed: str, seen: str) -> None:
    called = mail.providers["twilio"].sign(status("twilio", "delivered", key, NUMBER), url=signed)
    called.url = seen
    assert call(mail.db, "twilio", "twilio", called)["recorded"] == 1


@pytest.mark.parametrize("where", ["body", "name", "url", "query", "signature", "no url", "no signature"])
def test_what_was_changed_on_the_way_is_refused(mail: Mail, key: str, where: str) -> None:
    called = mail.providers["twilio"].sign(status("twilio", "delivered", key, NUMBER), url=f"{URL}?pgwhen=x")
    if where == "body":
        called.body = called.body.replace(b"delivered", b"failed")
    elif where == "name":
        called.body += b"&Extra=1"
    elif where == "url":
        called.url = "https://other.example.com/callback?pgwhen=x"
    elif where == "query":
        called.url = f"{URL}?pgwhen=y"
    elif where == "signature":
        called.headers["X-Twilio-Signature"] = "x" + called.headers["X-Twilio-Signature"][1:]
    elif where == "no url":
        called.url = None
    else:
        called.headers = {}
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "twilio", "twilio", called)
    assert error.value.sqlstate == "WF461" and mail.rows() == []


@pytest.mark.parametrize("body", [b"%ff=1", b"a=%00", b"\xff", b"a=%"])
def test_what_is_no_form(mail: Mail, key: str, body: bytes) -> None:
    called = mail.providers["twilio"].sign({})
    called.body = body
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "twilio", "twilio", called)
    assert error.value.sqlstate == ("WF461" if body == b"a=%" else "WF462")


@pytest.mark.parametrize(
    "word",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOPALL",
        "stop  all",
        "Unsubscribe",
        "END",
        "quit",
        "Cancel",
        "arrêt",
        "Stoppen!",
        "AFMELDEN",
    ],
)
def test_stop_takes_the_number_off(mail: Mail, key: str, word: str) -> None:
    assert text(mail, word, "SM1") == {"accepted": True, "recorded": 1, "ignored": 0}
    assert mail.suppressed() == [("default", "sms", NUMBER, None, "opt_out", "STOP")]


@pytest.mark.parametrize(
    "words", ["please stop by at 5", "stop it, I said", "Stopover", "", "ok", "🛑", "St op", "HELP"]
)
def test_other_words_do_not(mail: Mail, key: str, words: str) -> None:
    text(mail, words, "SM1")
    assert mail.suppressed() == []


def test_twilio_says_itself_what_a_word_meant(mail: Mail, key: str) -> None:
    text(mail, "ik wil niet meer", "SM1", OptOutType="STOP")
    assert [row[4] for row in mail.suppressed()] == ["opt_out"]


def test_start_lifts_what_stop_wrote_and_nothing_else(mail: Mail, key: str) -> None:
    text(mail, "STOP", "SM1")
    text(mail, "START", "SM2")
    assert mail.suppressed() == []
    # What came before comes again: it counts no more.
    assert text(mail, "STOP", "SM1") == {"accepted": True, "recorded": 0, "ignored": 1}
    assert mail.suppressed() == []
    mail.db.execute("select pgwhen._suppress('default', 'sms', %s, null, 'manual', 'ann')", [NUMBER])
    mail.db.execute("select pgwhen._suppress('default', 'sms', %s, 'news', 'opt_out', 'unsubscribe')", [NUMBER])
    text(mail, "unstop", "SM3")
    assert sorted(row[4] for row in mail.suppressed()) == ["manual", "opt_out"]


def test_stop_concerns_all_who_share_the_number(mail: Mail, key: str) -> None:
    mail.db.execute("insert into pgwhen.tenants values ('acme'), ('own') on conflict do nothing")
    mail.connect("twilio", tenant="own", key=False)
    text(mail, "STOP", "SM1")
    assert [row[0] for row in mail.suppressed()] == ["acme", "default"]


def test_every_text_is_an_event_and_is_kept_nowhere_else(mail: Mail, key: str) -> None:
    text(mail, "Ja, dinsdag 10:00 is goed 👍", "SM1")
    (event,) = mail.queued()
    delivery = event["input"].pop("delivery")
    assert event == {
        "type": "sms.received",
        "cause": None,
        "tenant": "default",
        "input": {
            "from": NUMBER,
            "to": "+15005550006",
            "text": "Ja, dinsdag 10:00 is goed 👍",
            "connection": "twilio",
            "provider_message_id": "SM1",
            "at": "2026-01-05T12:00:00+00:00",
        },
    }
    row = mail.db.execute("select delivery_id, d::text from pgwhen.deliveries d").fetchone()
    assert row is not None and row[0] == delivery and "dinsdag" not in row[1]


def test_a_text_starts_a_workflow(mail: Mail, key: str) -> None:
    answer = {"id": "a", "type": "transform", "set": {"said": "{{ input.text }}"}}
    mail.app.apply(answer, name="answers", when={"event": "sms.received"})
    text(mail, "hello", "SM1")
    mail.app.tick()
    assert mail.app.step("a", "output") == {"said": "hello"}
