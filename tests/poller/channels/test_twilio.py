"""Twilio: the call, and its answers by class."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from tests.poller.channels.support import KEY, judge, send
from tests.poller.channels.texting import probe, said
from tests.servers import Answer, Call, http_server, providers

GOOD = {"to": "+31612345678", "text": "Grüße & more=1"}


def error(code: int) -> dict[str, Any]:
    return {"code": code, "message": f"error {code}", "more_info": "https://...", "status": 400}


ANSWERS = [
    (201, {"sid": "SM1", "num_segments": "2"}, "ok", None),
    (200, {"sid": "SM1"}, "ok", None),
    (201, {}, "uncertain", "twilio_answer"),
    (201, b"<html>", "uncertain", "twilio_answer"),
    (301, None, "permanent", "twilio_301"),
    (400, error(21211), "permanent", "twilio_21211"),
    (400, error(21408), "permanent", "twilio_21408"),
    (400, error(21606), "permanent", "twilio_21606"),
    (400, error(21608), "permanent", "twilio_21608"),
    (400, error(21610), "permanent", "twilio_21610"),
    (400, error(21612), "permanent", "twilio_21612"),
    (400, error(21614), "permanent", "twilio_21614"),
    (400, error(21617), "permanent", "twilio_21617"),
    (400, error(14107), "throttled", "twilio_14107"),
    (400, error(63038), "throttled", "twilio_63038"),
    (401, error(20003), "auth", "twilio_20003"),
    (403, error(20005), "auth", "twilio_20005"),
    (403, None, "auth", "twilio_403"),
    (404, error(20404), "auth", "twilio_20404"),
    (404, None, "permanent", "twilio_404"),
    (408, None, "uncertain", "twilio_408"),
    (429, error(20429), "throttled", "twilio_20429"),
    (429, b"", "throttled", "twilio_429"),
    (500, error(20500), "uncertain", "twilio_20500"),
    (503, b"<html>", "uncertain", "twilio_503"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("twilio", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_the_daily_cap_is_a_long_wait() -> None:
    assert judge("twilio", 400, error(63038)).retry_after == 3600
    assert judge("twilio", 429, error(20429), retry_after="3").retry_after == 3


def test_segments() -> None:
    segments = [
        (judge("twilio", 201, {"sid": "SM1", "num_segments": n}).output or {})["segments"]
        for n in ("2", "0", None, "x", "9" * 5_000, True)
    ]
    assert segments == [2, None, None, None, None, None]


def test_the_call() -> None:
    with providers() as ours:
        outcome = send("twilio", ours.environ, **GOOD)
        (call,) = ours.server.received
        assert len(ours.twilio) == 1
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "SM1", "provider": "twilio", "segments": 1}
    assert (call.method, call.target) == ("POST", "/2010-04-01/Accounts/AC123/Messages.json")
    assert call.headers["authorization"] == "Basic QUMxMjM6dHdfdGVzdA=="
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    form = {"To": ["+31612345678"], "From": ["+15005550006"], "Body": ["Grüße & more=1"]}
    assert parse_qs(call.body.decode()) == form


def test_a_messaging_service_is_not_a_number() -> None:
    with providers() as ours:
        assert send("twilio", ours.environ | {"TWILIO_FROM_NUMBER": "MG123"}, **GOOD).class_ == "ok"
        assert ours.twilio == [{"To": "+31612345678", "MessagingServiceSid": "MG123", "Body": "Grüße & more=1"}]


def test_an_opted_out_number_is_permanent_and_suppressed() -> None:
    with providers() as ours:
        outcome = send("twilio", ours.environ, to="+1 500 555 0009", text="Hi")
    assert outcome.class_ == "permanent"
    assert outcome.error and outcome.error["code"] == "twilio_21610"
    assert outcome.extra == {"suppress": {"channel": "sms", "address": "+15005550009", "reason": "opt_out"}}


@pytest.mark.parametrize("code", [21211, 21614, 21612, 21408])
def test_a_wrong_number_is_not_an_opt_out(code: int) -> None:
    assert judge("twilio", 400, error(code)).extra is None


def test_status_changes_come_back_with_the_key() -> None:
    with providers() as ours:
        url = "https://hooks.acme.example/twilio"
        assert send("twilio", ours.environ | {"TWILIO_CALLBACK_URL": url}, **GOOD).class_ == "ok"
        assert ours.twilio[0]["StatusCallback"] == f"{url}?pgwhen={quote(KEY, safe='')}"


def test_an_api_key_stands_for_the_account() -> None:
    with http_server(lambda call: said(201, {"sid": "SM1"})) as server:
        environ = {
            "TWILIO_ACCOUNT_SID": "AC123",
            "TWILIO_API_KEY": "SK456",
            "TWILIO_AUTH_TOKEN": "secret-of-the-key",
            "TWILIO_FROM_NUMBER": "Acme",
            "TWILIO_BASE_URL": server.url,
        }
        assert send("twilio", environ, **GOOD).class_ == "ok"
        (call,) = server.received
    assert call.target == "/2010-04-01/Accounts/AC123/Messages.json"
    assert call.headers["authorization"] == f"Basic {b64encode(b'SK456:secret-of-the-key').decode()}"


def _account(status: str) -> Callable[[Call], Answer]:
    return lambda call: said(200, {"sid": "AC123", "friendly_name": call.target, "status": status})


def test_the_probe_asks_for_the_account() -> None:
    with providers() as ours, http_server(_account("active")) as server:
        environ = ours.environ | {"TWILIO_BASE_URL": server.url}
        good = probe("twilio", environ)
        assert (good.class_, good.output) == (
            "ok",
            {"provider": "twilio", "account": "/2010-04-01/Accounts/AC123.json"},
        )
        assert (server.received[0].method, server.received[0].body) == ("GET", b"")
        server.answer = _account("suspended")
        assert probe("twilio", environ).class_ == "auth"
        server.script = [Answer(401, b'{"code": 20003}'), 503, "drop"]
        assert [probe("twilio", environ).class_ for _ in range(3)] == ["auth", "transient", "transient"]


def test_a_lost_answer_is_uncertain() -> None:
    with providers() as ours:
        ours.server.script = ["then_drop"]
        assert send("twilio", ours.environ, **GOOD).class_ == "uncertain"


def test_a_wrong_token_is_the_connections_fault_and_does_not_show() -> None:
    with providers() as ours:
        outcome = send("twilio", ours.environ | {"TWILIO_AUTH_TOKEN": "wrong-token"}, **GOOD)
    assert outcome.class_ == "auth"
    assert "wrong-token" not in str(outcome)
