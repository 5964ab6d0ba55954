"""Callbacks of Mailgun: the signature covers a time and a token, so that a token counts once."""

import json

import psycopg
import pytest

from tests.sql.deliveries.support import EMAIL, NOON, Mail, call, status


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(EMAIL)
    mail.connect("mailgun")
    return mail.send(connection="mailgun")


@pytest.mark.parametrize(
    ("word", "more", "expected", "suppression"),
    [
        ("accepted", {}, "accepted", None),
        ("delivered", {}, "delivered", None),
        ("rejected", {"reject": {"reason": "x"}}, "failed", None),
        ("failed", {"severity": "temporary", "reason": "greylisted"}, "accepted", None),
        (
            "failed",
            {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550}},
            "bounced",
            "bounce",
        ),
        ("failed", {"severity": "permanent", "reason": "suppress-bounce"}, "failed", "bounce"),
        ("failed", {"severity": "permanent", "reason": "suppress-unsubscribe"}, "failed", "opt_out"),
        ("failed", {"severity": "permanent", "reason": "suppress-complaint"}, "failed", "complaint"),
        ("failed", {"severity": "permanent", "reason": "old"}, "failed", None),
        ("opened", {}, "opened", None),
        ("clicked", {"url": "https://example.com"}, "clicked", None),
        ("complained", {}, "complained", "complaint"),
        ("unsubscribed", {}, "unsubscribed", "opt_out"),
    ],
)
def test_what_each_event_means(
    mail: Mail, key: str, word: str, more: dict[str, object], expected: str, suppression: str | None
) -> None:
    mail.tell("mailgun", word, key, **more)
    assert mail.rows() == [(expected, "ann@example.com")]
    wanted = [("default", "email", "ann@example.com", None, suppression, "mailgun")] if suppression else []
    assert mail.suppressed() == wanted
    row = mail.db.execute("select step_id, provider_message_id from pgwhen.deliveries").fetchone()
    assert row == ("mail", "<m-1>")


def test_a_token_counts_for_what_came_with_it_first(mail: Mail, key: str) -> None:
    called = mail.providers["mailgun"].sign(status("mailgun", "delivered", key, "ann@example.com"), token="t" * 50)
    assert call(mail.db, "mailgun", "mailgun", called)["recorded"] == 1
    assert call(mail.db, "mailgun", "mailgun", called) == {"accepted": True, "recorded": 0, "ignored": 1}
    other = mail.providers["mailgun"].sign(status("mailgun", "complained", key, "bob@example.com"), token="t" * 50)
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "mailgun", "mailgun", other)
    assert error.value.sqlstate == "WF463"
    assert mail.rows() == [("delivered", "ann@example.com")] and mail.suppressed() == []


@pytest.mark.parametrize("where", ["token", "timestamp", "signature", "none", "long"])
def test_what_was_changed_on_the_way_is_refused(mail: Mail, key: str, where: str) -> None:
    called = mail.providers["mailgun"].sign(status("mailgun", "delivered", key, "ann@example.com"))
    body = json.loads(called.body)
    if where == "token":
        body["signature"]["token"] = "x" * 50
    elif where == "timestamp":
        body["signature"]["timestamp"] = str(NOON + 1)
    elif where == "signature":
        body["signature"]["signature"] = "zz" * 32
    elif where == "long":
        body["signature"]["token"] = "x" * 5000
    else:
        del body["signature"]
    called.body = json.dumps(body).encode()
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "mailgun", "mailgun", called)
    assert error.value.sqlstate == "WF461" and mail.rows() == []


def test_an_old_signature_is_refused(mail: Mail, key: str) -> None:
    called = mail.providers["mailgun"].sign(status("mailgun", "delivered", key, "ann@example.com"), at=NOON - 400)
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "mailgun", "mailgun", called)
    assert error.value.sqlstate == "WF463"
