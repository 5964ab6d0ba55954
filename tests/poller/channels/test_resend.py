"""Resend: the call, and its answers by class."""

from typing import Any

import pytest

from tests.poller.channels.support import KEY, judge, send
from tests.servers import providers

GOOD = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"}


def error(name: str) -> dict[str, Any]:
    return {"statusCode": 0, "name": name, "message": f"the message of {name}"}


ANSWERS = [
    (200, {"id": "re-1"}, "ok", None),
    (200, {}, "uncertain", "resend_answer"),
    (200, b"<html>", "uncertain", "resend_answer"),
    (202, {"id": 7}, "uncertain", "resend_answer"),
    (301, None, "permanent", "resend_301"),
    (400, error("validation_error"), "permanent", "resend_validation_error"),
    (400, error("invalid_idempotency_key"), "permanent", "resend_invalid_idempotency_key"),
    (401, error("missing_api_key"), "auth", "resend_missing_api_key"),
    (401, error("restricted_api_key"), "auth", "resend_restricted_api_key"),
    (403, error("invalid_api_key"), "auth", "resend_invalid_api_key"),
    (403, error("validation_error"), "permanent", "resend_validation_error"),
    (403, b"forbidden", "auth", "resend_403"),
    (404, error("not_found"), "permanent", "resend_not_found"),
    (405, error("method_not_allowed"), "permanent", "resend_method_not_allowed"),
    (408, None, "transient", "resend_408"),
    (409, error("invalid_idempotent_request"), "permanent", "resend_invalid_idempotent_request"),
    (409, error("concurrent_idempotent_requests"), "transient", "resend_concurrent_idempotent_requests"),
    (413, None, "permanent", "resend_413"),
    (422, error("missing_required_field"), "permanent", "resend_missing_required_field"),
    (429, error("rate_limit_exceeded"), "throttled", "resend_rate_limit_exceeded"),
    (429, error("daily_quota_exceeded"), "throttled", "resend_daily_quota_exceeded"),
    (429, b"", "throttled", "resend_429"),
    (500, error("application_error"), "transient", "resend_application_error"),
    (502, b"<html>Bad Gateway</html>", "transient", "resend_502"),
    (503, None, "transient", "resend_503"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("resend", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code
    assert outcome.answer and outcome.answer["status"] == status


def test_waits_are_theirs_and_a_quota_is_a_long_one() -> None:
    assert judge("resend", 429, error("rate_limit_exceeded"), retry_after="2").retry_after == 2
    assert judge("resend", 429, error("daily_quota_exceeded"), retry_after="2").retry_after == 3600


def test_the_call() -> None:
    with providers() as ours:
        outcome = send("resend", ours.environ, **GOOD, html="<p>Hi</p>", headers={"X-Job": "7"}, reply_to=["r@x.org"])
        (call,) = ours.server.received
        assert ours.resend == [call.json]
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "re-1", "provider": "resend"}
    assert outcome.provider_message_id == "re-1"
    assert (call.method, call.target) == ("POST", "/emails")
    assert call.headers["authorization"] == "Bearer re_test"
    assert call.headers["idempotency-key"] == KEY
    assert call.json == {
        "from": "Acme <hello@acme.example>",
        "to": ["ann@example.com"],
        "reply_to": ["r@x.org"],
        "subject": "Hello",
        "text": "Hi",
        "html": "<p>Hi</p>",
        "headers": {"Auto-Submitted": "auto-generated", "X-Job": "7"},
    }


def test_the_same_message_twice_is_sent_once() -> None:
    with providers() as ours:
        ours.server.script = ["then_drop"]
        assert send("resend", ours.environ, **GOOD).class_ == "uncertain"
        again = send("resend", ours.environ, **GOOD)
        first, second = ours.server.received
        assert first.body == second.body
        assert again.output == {"message_id": "re-1", "provider": "resend"}
        assert len(ours.resend) == 1
        assert send("resend", ours.environ, **GOOD | {"text": "other"}).error == {
            "code": "resend_invalid_idempotent_request",
            "message": "Resend answered 409 invalid_idempotent_request: invalid_idempotent_request",
        }


def test_a_wrong_key_is_the_connections_fault_and_does_not_show() -> None:
    with providers() as ours:
        outcome = send("resend", ours.environ | {"RESEND_API_KEY": "re_wrong_key"}, **GOOD)
    assert outcome.class_ == "auth"
    assert "re_wrong_key" not in str(outcome)
