"""Mailgun: the form, its rules, and its answers by class."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, mailgun
from pgwhen.poller.http import AddressGuard, HttpClient
from tests.poller.channels.support import KEY, Attempt, judge, send
from tests.poller.mail_providers import mail_providers

GOOD = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"}

ANSWERS = [
    (200, {"id": "<1@mg>", "message": "Queued. Thank you."}, "ok", None),
    (200, {"message": "Queued. Thank you."}, "uncertain", "mailgun_answer"),
    (200, b"<html>", "uncertain", "mailgun_answer"),
    (302, None, "permanent", "mailgun_302"),
    (400, {"message": "'to' parameter is not a valid address"}, "permanent", "mailgun_400"),
    (401, b"Forbidden", "auth", "mailgun_401"),
    (402, {"message": "Payment required"}, "auth", "mailgun_402"),
    (403, {"message": "Domain is disabled"}, "auth", "mailgun_403"),
    (404, {"message": "Domain not found: mg.acme.example"}, "transient", "mailgun_404"),
    (404, b"<html>no such page</html>", "permanent", "mailgun_404"),
    (413, None, "permanent", "mailgun_413"),
    (429, {"message": "Too many requests"}, "throttled", "mailgun_429"),
    (500, {"message": "Internal Error"}, "uncertain", "mailgun_500"),
    (502, b"\xff<html>", "uncertain", "mailgun_502"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("mailgun", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_waits_are_theirs() -> None:
    assert judge("mailgun", 429, {"message": "slow down"}, retry_after="12").retry_after == 12


def test_the_form() -> None:
    more = {
        "cc": ["bob@example.com"],
        "bcc": ["eve@example.com"],
        "html": "<p>Grüße & 100 %</p>",
        "reply_to": "r@x.org",
    }
    more |= {"headers": {"X-Job": "7"}, "unsubscribe": "https://acme.example/u?a=1&b=2"}
    with mail_providers() as ours:
        outcome = send("mailgun", ours.mailgun, **GOOD | more)
        (call,) = ours.server.received
        ((to, _, reference, form),) = ours.sent
    assert outcome.output == {"message_id": "<mg-1@mg.acme.example>", "provider": "mailgun"}
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    assert to == ["ann@example.com", "bob@example.com", "eve@example.com"]
    assert reference == "0190-ex_1_0_thank"
    assert form["html"] == ["<p>Grüße & 100 %</p>"]
    assert form["h:Reply-To"] == ["r@x.org"]
    assert form["h:X-Job"] == ["7"]
    assert form["h:List-Unsubscribe"] == ["<https://acme.example/u?a=1&b=2>"]
    assert form["h:List-Unsubscribe-Post"] == ["List-Unsubscribe=One-Click"]
    assert form["h:Message-Id"] == ["<0190-ex.thank.1.0@acme.example>"]


def test_attachments_are_multipart_and_the_same_each_time() -> None:
    files = [
        {"text": "--pgwhen\r\nContent-Disposition: x\r\n", "file": 'a "quoted" ü.txt'},
        {"text": "1,2", "file": "b.csv"},
    ]
    with mail_providers() as ours:
        for _ in range(2):
            assert send("mailgun", ours.mailgun, **GOOD, attachments=files).class_ == "ok"
        first, second = ours.server.received
        (*_, (_, _, _, form)) = ours.sent
    assert first.body == second.body
    assert [content for _, _, content in form["attachment"]] == [b"--pgwhen\r\nContent-Disposition: x\r\n", b"1,2"]
    assert [kind for _, kind, _ in form["attachment"]] == ["text/plain", "text/csv"]


def test_a_wrong_key_is_the_connections_fault_and_does_not_show() -> None:
    with mail_providers() as ours:
        outcome = send("mailgun", ours.mailgun | {"MAILGUN_API_KEY": "mg-wrong-key"}, **GOOD)
    assert outcome.class_ == "auth"
    assert "mg-wrong-key" not in str(outcome)


def test_what_was_written_and_not_answered_is_uncertain() -> None:
    with mail_providers() as ours:
        ours.server.script = ["then_drop"]
        assert send("mailgun", ours.mailgun, **GOOD).class_ == "uncertain"


def test_the_region_and_the_domain_are_in_the_address() -> None:
    settings = {"region": "eu", "from": "a@b.example", "domain": "müller.example"}
    connection = Connection("m", "mailgun", settings, {"key": "k"})
    message = mailgun.message(GOOD, connection, KEY, datetime.now(UTC))
    url = mailgun.request(message, Attempt(KEY, 1, 5.0, connection, str)).url
    assert url == "https://api.eu.mailgun.net/v3/xn--mller-kva.example/messages"
    with pytest.raises(ValueError, match="eu or us"):
        mailgun.check({"region": "asia"}, {})


def test_the_probe_delivers_nothing() -> None:
    with mail_providers() as ours:
        settings = {"domain": "mg.acme.example", "base_url": ours.server.url}
        for key, to, class_ in (("mg-test", None, "ok"), ("mg-test", "ann@example.com", "ok"), ("no", None, "auth")):
            connection = Connection("m", "mailgun", settings, {"key": key})
            request = mailgun.probe(Attempt("test:1", 1, 5.0, connection, str), to)

            async def once(request: Any = request) -> Any:
                async with HttpClient(AddressGuard()) as http:
                    return await http.send(request)

            assert mailgun.probed(asyncio.run(once())).class_ == class_
        assert ours.sent == []
