"""Resend: the call, one and many in one, and its answers by class."""

import asyncio
from typing import Any

import orjson
import pytest

from pgwhen.poller.channels import Connection, resend
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.outcome import Failure, Response
from tests.poller.channels.support import KEY, Attempt, judge, send
from tests.poller.mail_providers import mail_providers
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


def test_an_answer_without_a_name_has_no_gap_where_it_would_be() -> None:
    assert (judge("resend", 503, None).error or {})["message"].startswith("Resend answered 503:")


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
        "tags": [{"name": "pgwhen", "value": "0190-ex_1_0_thank"}],
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


# ---------------------------------------------------------------- batches

THREE = [{"subject": str(n)} for n in range(3)]


def batch(status: int, body: Any) -> list[str] | None:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    found = resend.batch_outcomes(Response(status, {}, raw), THREE)
    return None if found is None else [outcome.class_ for outcome in found]


def ids(*names: str | int | None) -> list[Any]:
    return [{"id": name} for name in names]


BATCHES = [
    (200, {"data": ids("a", "b", "c")}, ["ok", "ok", "ok"]),
    (200, {"data": ids("a", "c"), "errors": [{"index": 1, "message": "no"}]}, ["ok", "permanent", "ok"]),
    (200, {"data": [], "errors": [{"index": n, "message": "no"} for n in range(3)]}, ["permanent"] * 3),
    (200, {"data": ids("a", None, 7)}, ["ok", "uncertain", "uncertain"]),
    (200, {"data": ["a", "b", "c"]}, ["uncertain"] * 3),
    (200, {"data": ids("a", "b")}, ["uncertain"] * 3),
    (200, {"data": ids("a", "b", "c"), "errors": [{"index": 1, "message": "no"}]}, ["uncertain"] * 3),
    (200, {"data": ids("a", "b", "c"), "errors": [{"index": 9}, {"index": True}, "x"]}, ["ok", "ok", "ok"]),
    (200, b"<html>", ["uncertain"] * 3),
    (200, b"null", ["uncertain"] * 3),
    (409, error("concurrent_idempotent_requests"), ["transient"] * 3),
    (409, error("invalid_idempotent_request"), ["permanent"] * 3),
    (429, error("rate_limit_exceeded"), ["throttled"] * 3),
    (401, error("missing_api_key"), ["auth"] * 3),
    (500, b"<html>", ["transient"] * 3),
    (422, error("validation_error"), None),
    (400, error("validation_error"), None),
    (413, b"", None),
]


@pytest.mark.parametrize(("status", "body", "classes"), BATCHES)
def test_each_message_of_a_batch_has_its_own_result(status: int, body: Any, classes: list[str] | None) -> None:
    assert batch(status, body) == classes


def test_a_batch_that_was_not_answered() -> None:
    lost = resend.batch_outcomes(Failure("timeout", "too late", sent=True), THREE)
    assert lost and [outcome.class_ for outcome in lost] == ["uncertain"] * 3


def test_a_result_says_which_id_is_whose() -> None:
    answer = Response(200, {}, orjson.dumps({"data": ids("a", "c"), "errors": [{"index": 1, "message": "no"}]}))
    found = resend.batch_outcomes(answer, THREE)
    assert found
    assert [outcome.provider_message_id for outcome in found] == ["a", None, "c"]
    assert found[1].error == {"code": "resend_validation_error", "message": "Resend refused it: no"}


def test_attachments_leave_alone() -> None:
    assert resend.batch_with({"attachments": [{}]}) is None
    assert resend.batch_with({"subject": "x"}) == resend.batch_with({"subject": "y"})
    with mail_providers() as ours:
        assert send("resend", ours.resend, **GOOD, attachments=[{"text": "a", "file": "a.txt"}]).class_ == "ok"
        (call,) = ours.server.received
    assert call.json["attachments"] == [{"filename": "a.txt", "content_type": "text/plain", "content": "YQ=="}]


def test_the_probe_sends_nothing() -> None:
    with mail_providers() as ours:
        for key, class_ in (("re_test", "ok"), ("re_wrong", "auth")):
            connection = Connection("r", "resend", {"base_url": ours.server.url}, {"key": key})
            request = resend.probe(Attempt("test:1", 1, 5.0, connection, str))

            async def once(request: Any = request) -> Any:
                async with HttpClient(AddressGuard()) as http:
                    return await http.send(request)

            assert resend.probed(asyncio.run(once())).class_ == class_
        assert ours.sent == []
