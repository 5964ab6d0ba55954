"""Twilio: the call, and its answers by class."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.poller.channels.support import judge, send
from tests.servers import providers

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
        for n in ("2", "0", None, "x")
    ]
    assert segments == [2, None, None, None]


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


def test_an_opted_out_number_is_permanent() -> None:
    with providers() as ours:
        outcome = send("twilio", ours.environ, to="+15005550009", text="Hi")
    assert outcome.class_ == "permanent"
    assert outcome.error and outcome.error["code"] == "twilio_21610"


def test_a_lost_answer_is_uncertain() -> None:
    with providers() as ours:
        ours.server.script = ["then_drop"]
        assert send("twilio", ours.environ, **GOOD).class_ == "uncertain"


def test_a_wrong_token_is_the_connections_fault_and_does_not_show() -> None:
    with providers() as ours:
        outcome = send("twilio", ours.environ | {"TWILIO_AUTH_TOKEN": "wrong-token"}, **GOOD)
    assert outcome.class_ == "auth"
    assert "wrong-token" not in str(outcome)
