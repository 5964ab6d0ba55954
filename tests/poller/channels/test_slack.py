"""Slack's chat.postMessage: the call, and its answers by class; the status is 200 for most of them."""

from typing import Any

import pytest

from pgwhen.poller.channels import Unsendable
from tests.poller.channels.support import judge, send
from tests.poller.channels.texting import probe, said, slack

GOOD = {"to": "C123", "text": "Grüße 👋 &amp; more"}

ANSWERS = [
    (200, {"ok": True, "ts": "1.2", "channel": "C1"}, "ok", None),
    (200, {"ok": True}, "uncertain", "slack_answer"),
    (200, {}, "uncertain", "slack_answer"),
    (200, {"ok": False}, "uncertain", "slack_answer"),
    (200, {"ok": False, "error": 7}, "uncertain", "slack_answer"),
    (200, {"ok": "true", "ts": "1.2"}, "uncertain", "slack_answer"),
    (200, b"<html>", "uncertain", "slack_answer"),
    (200, b"[]", "uncertain", "slack_answer"),
    *(
        (200, {"ok": False, "error": error}, "permanent", f"slack_{error}")
        for error in (
            *("channel_not_found", "not_in_channel", "is_archived", "msg_too_long", "no_text", "invalid_blocks"),
            *(
                "msg_blocks_too_long",
                "restricted_action",
                "restricted_action_read_only_channel",
                "too_many_attachments",
            ),
            *("invalid_arguments", "cannot_reply_to_message", "an_error_of_tomorrow"),
        )
    ),
    *(
        (200, {"ok": False, "error": error}, "auth", f"slack_{error}")
        for error in (
            "invalid_auth",
            "not_authed",
            "token_revoked",
            "token_expired",
            "account_inactive",
            "missing_scope",
        )
    ),
    *(
        (200, {"ok": False, "error": error}, "throttled", f"slack_{error}")
        for error in ("ratelimited", "rate_limited", "message_limit_exceeded")
    ),
    *(
        (200, {"ok": False, "error": error}, "transient", f"slack_{error}")
        for error in ("service_unavailable", "request_timeout")
    ),
    *(
        (200, {"ok": False, "error": error}, "uncertain", f"slack_{error}")
        for error in ("internal_error", "fatal_error")
    ),
    (302, None, "permanent", "slack_302"),
    (401, None, "auth", "slack_401"),
    (403, None, "auth", "slack_403"),
    (404, b"<html>", "permanent", "slack_404"),
    (408, None, "uncertain", "slack_408"),
    (429, {"ok": False, "error": "ratelimited"}, "throttled", "slack_ratelimited"),
    (429, b"", "throttled", "slack_429"),
    (500, {"ok": False, "error": "internal_error"}, "uncertain", "slack_internal_error"),
    (503, {"ok": False, "error": "service_unavailable"}, "transient", "slack_service_unavailable"),
    (503, b"<html>", "uncertain", "slack_503"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("slack", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_an_error_says_what_is_wrong() -> None:
    more = {"response_metadata": {"messages": ["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text]"]}}
    outcome = judge("slack", 200, {"ok": False, "error": "invalid_blocks"} | more)
    assert outcome.error and "json-pointer:/blocks/0/text" in outcome.error["message"]
    scope = judge("slack", 200, {"ok": False, "error": "missing_scope", "needed": "chat:write"})
    assert scope.error and scope.error["message"] == "Slack answered 200 missing_scope: chat:write"


def test_patience_is_honoured() -> None:
    assert judge("slack", 429, {"ok": False, "error": "ratelimited"}, retry_after="30").retry_after == 30


def test_the_call() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hi*"}}]
    with slack() as ours:
        outcome = send("slack", ours.environ, **GOOD, blocks=blocks, thread="1700000000.000100")
        (call,) = ours.server.received
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": "1700000000.000001", "provider": "slack", "channel": "C123"}
    assert (call.method, call.target) == ("POST", "/api/chat.postMessage")
    assert call.headers["authorization"] == "Bearer xoxb-test-token"
    assert call.json == {
        "channel": "C123",
        "text": "Grüße 👋 &amp; more",
        "blocks": blocks,
        "thread_ts": "1700000000.000100",
    }


def test_what_a_message_is_answered_by() -> None:
    with slack() as ours:
        first = send("slack", ours.environ, **GOOD)
        assert first.output
        answer = send("slack", ours.environ, **GOOD, thread=first.output["message_id"])
        assert answer.class_ == "ok"
        assert ours.accepted[1]["thread_ts"] == "1700000000.000001"


def test_the_channel_of_the_connection() -> None:
    with slack() as ours:
        assert send("slack", ours.environ | {"SLACK_CHANNEL": "C123"}, text="Hi").class_ == "ok"
        with pytest.raises(Unsendable, match="to is missing: name a channel, or set channel of the connection slack"):
            send("slack", ours.environ, text="Hi")


def test_an_error_in_a_200_is_a_failure() -> None:
    with slack() as ours:
        assert send("slack", ours.environ, to="C404", text="Hi").class_ == "permanent"
        assert ours.accepted == []


def test_a_lost_answer_is_uncertain_and_a_refused_connection_is_not() -> None:
    with slack() as ours:
        ours.server.script = ["then_drop", 500]
        assert send("slack", ours.environ, **GOOD).class_ == "uncertain"
        assert send("slack", ours.environ, **GOOD).class_ == "uncertain"
        environ = ours.environ
    assert send("slack", environ, **GOOD).class_ == "transient"


def test_a_wrong_token_is_the_connections_fault_and_does_not_show() -> None:
    with slack() as ours:
        outcome = send("slack", ours.environ | {"SLACK_BOT_TOKEN": "xoxb-wrong-token"}, **GOOD)
        ours.server.answer = lambda call: said(200, {"ok": False, "error": call.headers["authorization"]})
        echoed = send("slack", ours.environ, **GOOD)
    assert outcome.class_ == "auth"
    assert "xoxb" not in str(outcome) + str(echoed)


def test_the_probe_asks_whose_token_it_is() -> None:
    with slack() as ours:
        good = probe("slack", ours.environ)
        assert (good.class_, good.output) == ("ok", {"provider": "slack", "team": "Acme", "user": "pgwhen"})
        assert probe("slack", ours.environ | {"SLACK_BOT_TOKEN": "wrong"}).class_ == "auth"
        ours.server.script = ["drop"]
        assert probe("slack", ours.environ).class_ == "transient"
        assert ours.accepted == []
