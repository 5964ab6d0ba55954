"""SendGrid: the call, its rules, and its answers by class."""

import asyncio
import time
from typing import Any

import pytest

from pgwhen.poller.channels import Connection, adapter, sendgrid
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.outcome import Failure
from tests.poller.channels.support import KEY, NOW, Attempt, judge, send
from tests.poller.mail_providers import mail_providers

GOOD = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"}


def error(message: str, field: str | None = None) -> dict[str, Any]:
    return {"errors": [{"message": message, "field": field, "help": None}]}


ANSWERS = [
    (202, None, "ok", None),
    (200, None, "permanent", "sendgrid_sandbox"),
    (204, None, "uncertain", "sendgrid_answer"),
    (302, None, "permanent", "sendgrid_302"),
    (400, error("Does not contain a valid address.", "personalizations.0.to"), "permanent", "sendgrid_400"),
    (401, error("The provided authorization grant is invalid"), "auth", "sendgrid_401"),
    (401, error("Maximum credits exceeded"), "throttled", "sendgrid_401"),
    (403, error("access forbidden"), "auth", "sendgrid_403"),
    (403, error("The from address does not match a verified Sender", "from"), "permanent", "sendgrid_403"),
    (404, None, "permanent", "sendgrid_404"),
    (405, None, "permanent", "sendgrid_405"),
    (408, None, "uncertain", "sendgrid_408"),
    (413, b"<html>too large</html>", "permanent", "sendgrid_413"),
    (415, None, "permanent", "sendgrid_415"),
    (429, error("too many requests"), "throttled", "sendgrid_429"),
    (500, error("server"), "uncertain", "sendgrid_500"),
    (502, b"<html>Bad Gateway</html>", "uncertain", "sendgrid_502"),
    (503, b"\xff\xfe", "uncertain", "sendgrid_503"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("sendgrid", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code
    assert outcome.answer and outcome.answer["status"] == status


def test_waits_are_theirs() -> None:
    assert judge("sendgrid", 429, None, retry_after="7").retry_after == 7
    reset = judge("sendgrid", 429, None, x_ratelimit_reset=str(int(time.time()) + 30)).retry_after
    assert reset and 25 < reset <= 30
    assert judge("sendgrid", 429, None, x_ratelimit_reset="1").retry_after is None
    assert judge("sendgrid", 429, None).retry_after is None
    assert judge("sendgrid", 401, error("Maximum credits exceeded")).retry_after == 3600


def test_the_call() -> None:
    more = {
        "from": "Müller & Söhne <post@bücher.example>",
        "to": ['"Ann, the first; of many" <ann@example.com>', "ANN@example.com"],
        "cc": ["ann@example.com", "bob@example.com"],
        "html": "<p>Hi</p>",
        "reply_to": ["r@x.org", "s@x.org"],
        "headers": {"X-Job": "7"},
        "unsubscribe": "https://acme.example/u/1",
        "attachments": [{"text": "a,b", "file": "ü.csv"}],
    }
    with mail_providers() as ours:
        outcome = send("sendgrid", ours.sendgrid, **GOOD | more)
        (call,) = ours.server.received
    assert outcome.output == {"message_id": "sg-1", "provider": "sendgrid"}
    assert outcome.provider_message_id == "sg-1"
    assert call.json == {
        "from": {"email": "post@xn--bcher-kva.example", "name": "Müller & Söhne"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hi"}, {"type": "text/html", "value": "<p>Hi</p>"}],
        "reply_to_list": [{"email": "r@x.org"}, {"email": "s@x.org"}],
        "attachments": [{"filename": "ü.csv", "type": "text/csv", "content": "YSxi"}],
        "personalizations": [
            {
                "to": [{"email": "ANN@example.com"}],
                "cc": [{"email": "bob@example.com"}],
                "subject": "Hello",
                "headers": {
                    "Auto-Submitted": "auto-generated",
                    "X-Job": "7",
                    "List-Unsubscribe": "<https://acme.example/u/1>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
                "custom_args": {"pgwhen": "0190-ex_1_0_thank"},
            }
        ],
    }


def test_a_refusal_and_a_wrong_key() -> None:
    with mail_providers() as ours:
        ours.bad = {"ann@example.com"}
        assert send("sendgrid", ours.sendgrid, **GOOD).class_ == "permanent"
        wrong = send("sendgrid", ours.sendgrid | {"SENDGRID_API_KEY": "SG.wrong-key"}, **GOOD)
        assert ours.sent == []
    assert wrong.class_ == "auth"
    assert "SG.wrong-key" not in str(wrong)


@pytest.mark.parametrize("fault", ["drop", "then_drop", "half", "garbage"])
def test_what_was_written_and_not_answered_is_uncertain(fault: str) -> None:
    with mail_providers() as ours:
        ours.server.script = [fault]
        assert send("sendgrid", ours.sendgrid, **GOOD).class_ in ("uncertain", "permanent")


def test_the_region_has_its_own_address() -> None:
    connection = Connection("s", "sendgrid", {"region": "eu", "from": "a@b.example"}, {"key": "k"})
    attempt = Attempt(KEY, 1, 5.0, connection, str)
    message = adapter("sendgrid").message(GOOD, connection, KEY, NOW)
    assert sendgrid.request(message, attempt).url == "https://api.eu.sendgrid.com/v3/mail/send"


@pytest.mark.parametrize("settings", [{"region": "mars"}, {"batch": "0"}, {"batch": "1001"}, {"batch": "many"}])
def test_settings_are_looked_at(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"(region|batch) is"):
        sendgrid.check(settings, {"key": "k"})


def test_the_probe_sends_nothing() -> None:
    with mail_providers() as ours:
        settings = {"from": "Acme <hello@acme.example>", "base_url": ours.server.url}
        for key, class_ in (("SG.test", "ok"), ("SG.wrong", "auth")):
            request = sendgrid.probe(
                Attempt("test:1", 1, 5.0, Connection("s", "sendgrid", settings, {"key": key}), str)
            )

            async def once(request: Any = request) -> Any:
                async with HttpClient(AddressGuard()) as http:
                    return await http.send(request)

            assert sendgrid.probed(asyncio.run(once())).class_ == class_
        assert ours.sent == []


def test_a_batch_is_taken_or_refused_whole() -> None:
    messages = [{"subject": str(n)} for n in range(3)]
    lost = sendgrid.batch_outcomes(Failure("connect", "nobody there"), messages)
    assert lost and [outcome.class_ for outcome in lost] == ["transient"] * 3
