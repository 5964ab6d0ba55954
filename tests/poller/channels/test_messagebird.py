"""MessageBird's classic API: the call, and its answers by class."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.poller.channels.support import KEY, judge, send
from tests.poller.channels.texting import probe, said
from tests.servers import Answer, http_server, providers

GOOD = {"to": "+31612345678", "text": "Grüße 👋"}


def errors(code: int) -> dict[str, Any]:
    return {"errors": [{"code": code, "description": f"error {code}", "parameter": "x"}]}


ANSWERS = [
    (201, {"id": "mb-1"}, "ok", None),
    (200, {"id": "mb-1"}, "ok", None),
    (201, {}, "uncertain", "messagebird_answer"),
    (201, b"<html>", "uncertain", "messagebird_answer"),
    (302, None, "permanent", "messagebird_302"),
    (400, errors(21), "permanent", "messagebird_21"),
    (401, errors(2), "auth", "messagebird_2"),
    (402, errors(25), "auth", "messagebird_25"),
    (422, errors(25), "auth", "messagebird_25"),
    (403, None, "auth", "messagebird_403"),
    (404, errors(20), "permanent", "messagebird_20"),
    (405, None, "permanent", "messagebird_405"),
    (408, None, "uncertain", "messagebird_408"),
    (422, errors(9), "permanent", "messagebird_9"),
    (422, errors(10), "permanent", "messagebird_10"),
    (422, {"errors": ["odd", None]}, "permanent", "messagebird_422"),
    (429, errors(0), "throttled", "messagebird_0"),
    (500, errors(99), "uncertain", "messagebird_99"),
    (502, b"<html>", "uncertain", "messagebird_502"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("messagebird", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_the_call() -> None:
    with providers() as ours:
        outcome = send("messagebird", ours.environ, **GOOD)
        (call,) = ours.server.received
        assert len(ours.messagebird) == 1
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "mb-1", "provider": "messagebird", "segments": None}
    assert (call.method, call.target) == ("POST", "/messages")
    assert call.headers["authorization"] == "AccessKey mb_test"
    assert call.json == {
        "originator": "Acme",
        "recipients": ["31612345678"],
        "body": "Grüße 👋",
        "datacoding": "auto",
        "reference": KEY,
    }


def test_a_lost_answer_is_uncertain_and_a_refused_connection_is_not() -> None:
    with providers() as ours:
        ours.server.script = ["then_drop", 500]
        assert send("messagebird", ours.environ, **GOOD).class_ == "uncertain"
        assert send("messagebird", ours.environ, **GOOD).class_ == "uncertain"
        environ = ours.environ
    assert send("messagebird", environ, **GOOD).class_ == "transient"


def test_a_wrong_key_is_the_connections_fault() -> None:
    with providers() as ours:
        assert send("messagebird", ours.environ | {"MESSAGEBIRD_API_KEY": "wrong"}, **GOOD).class_ == "auth"


def test_status_reports_come_back_with_the_key() -> None:
    with providers() as ours:
        url = "https://hooks.acme.example/mb?tenant=a"
        assert send("messagebird", ours.environ | {"MESSAGEBIRD_CALLBACK_URL": url}, **GOOD).class_ == "ok"
        (body,) = ours.messagebird
    assert body["reportUrl"] == f"{url}&pgwhen={quote(KEY, safe='')}"
    assert body["reference"] == KEY


@pytest.mark.parametrize(
    ("recipients", "segments"),
    [
        ({"items": [{"recipient": 31612345678, "messagePartCount": 3}]}, 3),
        ({"items": [{"recipient": 31612345678}]}, None),
        ({"items": [{"messagePartCount": True}]}, None),
        ({"items": ["odd"]}, None),
        ({"items": []}, None),
        ("odd", None),
        (None, None),
    ],
)
def test_segments(recipients: Any, segments: int | None) -> None:
    output = judge("messagebird", 201, {"id": "mb-1", "recipients": recipients}).output or {}
    assert output["segments"] == segments


@pytest.mark.parametrize("errors", ["odd", 7, {"a": 1}, None])
def test_errors_of_another_shape(errors: Any) -> None:
    assert judge("messagebird", 422, {"errors": errors}).class_ == "permanent"


def test_the_probe_asks_for_the_balance() -> None:
    balance = said(200, {"payment": "prepaid", "type": "credits", "amount": 9.2})
    with providers() as ours, http_server(lambda call: balance) as server:
        environ = ours.environ | {"MESSAGEBIRD_BASE_URL": server.url}
        good = probe("messagebird", environ)
        assert good.class_ == "ok"
        assert good.output and good.output["payment"] == "prepaid"
        assert (server.received[0].method, server.received[0].target) == ("GET", "/balance")
        server.script = [Answer(401, b'{"errors": [{"code": 2}]}'), 500, "drop"]
        assert [probe("messagebird", environ).class_ for _ in range(3)] == ["auth", "transient", "transient"]
