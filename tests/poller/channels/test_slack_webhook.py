"""Slack's incoming webhooks: the call, and its answers, which are texts, by class."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.poller.channels import Attempt, Connection, Unsendable, configured
from pgwhen.poller.channels import slack_webhook as adapter
from tests.poller.channels.support import KEY, judge, send
from tests.poller.channels.texting import probe, slack_webhook
from tests.servers import Answer

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)

ANSWERS = [
    (200, b"ok", "ok", None),
    (200, b"ok\n", "ok", None),
    (200, b"", "ok", None),
    (200, b"<html>", "uncertain", "slack_webhook_answer"),
    (200, b"invalid_payload", "uncertain", "slack_webhook_answer"),
    (302, b"", "permanent", "slack_webhook_302"),
    (400, b"invalid_payload", "permanent", "slack_webhook_invalid_payload"),
    (400, b"user_not_found", "permanent", "slack_webhook_user_not_found"),
    (400, b"no_text", "permanent", "slack_webhook_no_text"),
    (400, b"no_service", "auth", "slack_webhook_no_service"),
    (400, b"", "permanent", "slack_webhook_400"),
    (403, b"action_prohibited", "auth", "slack_webhook_action_prohibited"),
    (403, b"invalid_token", "auth", "slack_webhook_invalid_token"),
    (404, b"channel_not_found", "auth", "slack_webhook_channel_not_found"),
    (404, b"no_team", "auth", "slack_webhook_no_team"),
    (404, b"<html>", "auth", "slack_webhook_404"),
    (410, b"channel_is_archived", "auth", "slack_webhook_channel_is_archived"),
    (408, b"", "uncertain", "slack_webhook_408"),
    (413, b"", "permanent", "slack_webhook_413"),
    (429, b"rate_limited", "throttled", "slack_webhook_rate_limited"),
    (500, b"rollup_error", "uncertain", "slack_webhook_rollup_error"),
    (502, b"<html>", "uncertain", "slack_webhook_502"),
]


@pytest.mark.parametrize(("status", "body", "class_", "code"), ANSWERS)
def test_answers_have_classes(status: int, body: Any, class_: str, code: str | None) -> None:
    outcome = judge("slack_webhook", status, body)
    assert outcome.class_ == class_
    assert (outcome.error or {}).get("code") == code


def test_patience_is_honoured() -> None:
    assert judge("slack_webhook", 429, b"", retry_after="30").retry_after == 30


def test_the_call() -> None:
    blocks = [{"type": "divider"}]
    with slack_webhook() as ours:
        outcome = send("slack_webhook", ours.environ, text="Grüße 👋", blocks=blocks)
        (call,) = ours.server.received
    assert outcome.class_ == "ok"
    assert outcome.output == {"message_id": None, "provider": "slack_webhook"}
    assert (call.method, call.target) == ("POST", "/services/T1/B1/secretsecret")
    assert call.headers["content-type"] == "application/json; charset=utf-8"
    assert call.json == {"text": "Grüße 👋", "blocks": blocks}


def test_a_webhook_has_its_own_channel() -> None:
    with slack_webhook() as ours:
        with pytest.raises(Unsendable, match="to cannot be chosen with slack_webhook: a webhook has its own channel"):
            send("slack_webhook", ours.environ, to="C1", text="Hi")
        assert ours.server.received == []


def test_a_webhook_that_is_gone_is_the_connections_fault_and_its_address_does_not_show() -> None:
    with slack_webhook() as ours:
        environ = {"SLACK_WEBHOOK_URL": f"{ours.server.url}/services/T1/B1/anothersecret"}
        gone = send("slack_webhook", environ, text="Hi")
        ours.server.answer = lambda call: Answer(400, f"no such URL: {ours.server.url}{call.target}".encode())
        echoed = send("slack_webhook", environ, text="Hi")
    refused = send("slack_webhook", environ, text="Hi")
    assert (gone.class_, echoed.class_, refused.class_) == ("auth", "permanent", "transient")
    assert "anothersecret" not in f"{gone}{echoed}{refused}"


def test_a_lost_answer_is_uncertain() -> None:
    with slack_webhook() as ours:
        ours.server.script = ["then_drop", 500]
        assert [send("slack_webhook", ours.environ, text="Hi").class_ for _ in range(2)] == ["uncertain", "uncertain"]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("hooks.slack.example/secret", "is not an http or https URL"),
        ("ftp://hooks.slack.example/secret", "is not an http or https URL"),
        ("https://user:secret@hooks.slack.example/x", "is not an http or https URL"),
        ("https:///secret", "is not an http or https URL"),
        ("http://hooks.slack.example/secret", "must not travel in the open"),
        ("http://10.0.0.1/secret", "must not travel in the open"),
    ],
)
def test_an_address_that_is_none_is_said_without_showing_it(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refusal:
        configured({"SLACK_WEBHOOK_URL": url})
    assert "secret@" not in str(refusal.value) and "/secret" not in str(refusal.value)
    attempt = Attempt(KEY, 1, 5.0, Connection("s", "slack_webhook", {}, {"url": url}), str)
    with pytest.raises(Unsendable, match=problem):
        adapter.request({"text": "Hi"}, attempt)


def test_a_tenants_own_address_is_asked_of_the_guard() -> None:
    secrets = {"url": "http://127.0.0.1:9/x"}
    for tenant, trusted in (("default", True), ("acme", False)):
        attempt = Attempt(KEY, 1, 5.0, Connection("s", "slack_webhook", {}, secrets, tenant), str)
        assert adapter.request({"text": "Hi"}, attempt).trusted is trusted


def test_the_probe_is_a_message_that_nobody_receives() -> None:
    with slack_webhook() as ours:
        good = probe("slack_webhook", ours.environ)
        assert (good.class_, good.output) == ("ok", {"provider": "slack_webhook"})
        gone = {"SLACK_WEBHOOK_URL": f"{ours.server.url}/services/T1/B1/anothersecret"}
        assert probe("slack_webhook", gone).class_ == "auth"
        ours.server.script = [
            Answer(500, b"missing_text_or_fallback_or_attachments"),
            Answer(500, b"rollup_error"),
            Answer(429, b"rate_limited"),
            "drop",
        ]
        classes = [probe("slack_webhook", ours.environ).class_ for _ in range(4)]
        assert classes == ["ok", "uncertain", "throttled", "transient"]
        assert ours.accepted == []
