"""Callbacks of MessageBird's classic API: a GET or a form, hashed into a JWT."""

from typing import Any

import psycopg
import pytest

from tests.sql.deliveries.support import NOON, SMS, Mail, call, status

NUMBER = "+31612345678"


@pytest.fixture
def key(mail: Mail) -> str:
    mail.app.apply(SMS)
    mail.connect("messagebird")
    return mail.send(connection="messagebird")


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sent", "accepted"),
        ("buffered", "accepted"),
        ("delivered", "delivered"),
        ("delivery_failed", "failed"),
        ("expired", "failed"),
    ],
)
def test_what_each_status_means(mail: Mail, key: str, word: str, expected: str, post: bool) -> None:
    told = status("messagebird", word, key, NUMBER, statusErrorCode="5", statusReason="unknown subscriber")
    called = mail.providers["messagebird"].sign(told, post=post)
    assert call(mail.db, "messagebird", "messagebird", called)["recorded"] == 1
    assert mail.rows() == [(expected, NUMBER)]
    assert mail.db.execute("select step_id, detail from pgwhen.deliveries").fetchall() == [
        ("text", {"code": "5", "message": "unknown subscriber"})
    ]
    assert call(mail.db, "messagebird", "messagebird", called)["recorded"] == 0


def test_stop(mail: Mail, key: str) -> None:
    told = {"id": "in-1", "originator": NUMBER[1:], "recipient": "15005550006", "body": "Stoppen"}
    call(mail.db, "messagebird", "messagebird", mail.providers["messagebird"].sign(told, post=True))
    assert mail.suppressed() == [("default", "sms", NUMBER, None, "opt_out", "STOP")]


@pytest.mark.parametrize(
    ("claims", "state"),
    [
        ({"iss": "Somebody"}, "WF461"),
        ({"url_hash": "00"}, "WF461"),
        ({"payload_hash": "00"}, "WF461"),
        ({"alg": "none"}, "WF461"),
        ({"alg": "HS512"}, "WF461"),
        ({"iat": NOON - 301}, "WF463"),
        ({"iat": NOON + 301}, "WF463"),
        ({"iat": "soon"}, "WF461"),
    ],
)
@pytest.mark.parametrize("post", [False, True])
def test_what_the_token_says_has_to_be_so(mail: Mail, key: str, claims: dict[str, Any], state: str, post: bool) -> None:
    called = mail.providers["messagebird"].sign(status("messagebird", "delivered", key, NUMBER), post=post, **claims)
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "messagebird", "messagebird", called)
    assert error.value.sqlstate == state and mail.rows() == []


@pytest.mark.parametrize("where", ["body", "url", "jwt", "signature", "none", "no url"])
def test_what_was_changed_on_the_way_is_refused(mail: Mail, key: str, where: str) -> None:
    called = mail.providers["messagebird"].sign(status("messagebird", "delivered", key, NUMBER), post=True)
    name = "MessageBird-Signature-JWT"
    if where == "body":
        called.body = called.body.replace(b"delivered", b"expired")
    elif where == "url":
        called.url = "https://hooks.example.com/callback?status=delivered"
    elif where == "jwt":
        called.headers[name] = called.headers[name].replace(".", ".x", 1)
    elif where == "signature":
        called.headers[name] = called.headers[name].rpartition(".")[0] + "." + "A" * 43
    elif where == "none":
        called.headers = {}
    else:
        called.url = None
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "messagebird", "messagebird", called)
    assert error.value.sqlstate == "WF461" and mail.rows() == []


def test_a_token_counts_for_what_came_with_it_first(mail: Mail, key: str) -> None:
    provider = mail.providers["messagebird"]
    one = provider.sign(status("messagebird", "sent", key, NUMBER), jti="once")
    other = provider.sign(status("messagebird", "expired", key, NUMBER), jti="once")
    assert call(mail.db, "messagebird", "messagebird", one)["recorded"] == 1
    with pytest.raises(psycopg.errors.Error) as error:
        call(mail.db, "messagebird", "messagebird", other)
    assert error.value.sqlstate == "WF463"
