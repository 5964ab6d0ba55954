"""Bird: the call, and its answers by class."""

from typing import Any

import pytest

from pgwhen.poller.channels import Unsendable, configured
from tests.poller.channels.support import KEY, judge, send
from tests.poller.channels.texting import bird, probe, said

GOOD = {"to": "+31612345678", "text": "Grüße 👋"}


def error(code: str) -> dict[str, Any]:
    return {"code": code, "message": "validation failed", "details": {"receiver": ["required"]}}


ANSWERS = [
    (202, {"id": "b-1", "status": "accepted"}, "ok", None),
    (200, {"id": "b-1"}, "ok", None),
    (202, {}, "uncertain", "bird_answer"),
    (202, b"<html>", "uncertain", "bird_answer"),
    (302, None, "permanent", "bird_302"),
    (400, error("InvalidPayload"), "permanent", "bird_InvalidPayload"),
    (400, {"error": {"type": "validation_error", "code": "E01001", "message": "m"}}, "permanent", "bird_E01001"),
    (400, {"code": 7}, "permanent", "bird_400"),
    (401, None, "auth", "bird_401"),
    (402, error("InsufficientBalance"), "auth", "bird_InsufficientBalance"),
    (403, error("Forbidden"), "auth", "bird_Forbidden"),
    (404, error("NotFound"), "auth", "bird_NotFound"),
    (408, None, "uncertain", "bird_408"),
    (409, error("Conflict"), "permanent", "bird_Conflict"),
    (422, error("InvalidPayload"), "permanent", "bird_InvalidPayload"),
    (429, {"type": "rate_limited"}, "throttled", "bird_rate_limited"),
    (500, None, "uncertain", "bird_500"),
    (502, b"<html>", "uncertain", "bird_502"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("bird", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_an_error_says_what_is_wrong() -> None:
    outcome = judge("bird", 422, error("InvalidPayload"))
    expected = 'Bird answered 422 InvalidPayload: validation failed {"receiver":["required"]}'
    assert outcome.error and outcome.error["message"] == expected
    assert judge("bird", 429, None, retry_after="2.5").retry_after == 2.5


def test_the_call() -> None:
    with bird() as ours:
        outcome = send("bird", ours.environ, **GOOD)
        (call,) = ours.server.received
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "bird-1", "provider": "bird", "segments": None}
    assert (call.method, call.target) == ("POST", "/workspaces/w-1/channels/c-1/messages")
    assert call.headers["authorization"] == "AccessKey bird_test_key"
    assert call.json == {
        "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": "+31612345678"}]},
        "body": {"type": "text", "text": {"text": "Grüße 👋"}},
        "reference": KEY,
    }


def test_the_channel_is_the_sender() -> None:
    with bird() as ours:
        with pytest.raises(Unsendable, match="from cannot be chosen with Bird"):
            send("bird", ours.environ, **GOOD, **{"from": "Acme"})
        assert ours.server.received == []


def test_all_three_are_needed() -> None:
    with bird() as ours:
        for name in ("BIRD_ACCESS_KEY", "BIRD_WORKSPACE", "BIRD_CHANNEL"):
            assert configured(ours.environ | {name: ""}).get("bird") is None


def test_ids_cannot_leave_their_place_in_the_address() -> None:
    with bird() as ours:
        outcome = send("bird", ours.environ | {"BIRD_CHANNEL": "../../x?y"}, **GOOD)
        assert ours.server.received[0].target == "/workspaces/w-1/channels/..%2F..%2Fx%3Fy/messages"
    assert outcome.class_ == "auth"


def test_a_lost_answer_is_uncertain_and_a_refused_connection_is_not() -> None:
    with bird() as ours:
        ours.server.script = ["then_drop", 500]
        assert send("bird", ours.environ, **GOOD).class_ == "uncertain"
        assert send("bird", ours.environ, **GOOD).class_ == "uncertain"
        environ = ours.environ
    assert send("bird", environ, **GOOD).class_ == "transient"


def test_a_wrong_key_is_the_connections_fault() -> None:
    with bird() as ours:
        assert send("bird", ours.environ | {"BIRD_ACCESS_KEY": "wrong"}, **GOOD).class_ == "auth"


def test_the_probe_asks_for_the_channel() -> None:
    with bird() as ours:
        good = probe("bird", ours.environ)
        assert (good.class_, good.output) == ("ok", {"provider": "bird", "channel": "Texts"})
        assert probe("bird", ours.environ | {"BIRD_CHANNEL": "c-2"}).class_ == "auth"
        assert probe("bird", ours.environ | {"BIRD_ACCESS_KEY": "wrong"}).class_ == "auth"
        ours.server.script = [said(200, {"status": "inactive"}), 500, "drop"]
        assert [probe("bird", ours.environ).class_ for _ in range(3)] == ["auth", "transient", "transient"]
        assert ours.accepted == []
