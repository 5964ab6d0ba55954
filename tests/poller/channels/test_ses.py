"""Amazon SES by SMTP: where it is, what its limits mean, and whose id the message has."""

from typing import Any

import pytest

from pgwhen.poller.channels import configured, ses
from pgwhen.poller.channels.smtp import Reply, Server
from tests.poller.channels.support import send
from tests.servers import mail_server

GOOD = {"to": ["ann@example.com"], "subject": "Hello", "text": "Hi"}


def test_a_region_is_an_endpoint() -> None:
    found = ses.server_of({"region": "eu-west-1", "user": "AKIA"}, {"password": "pw"})
    assert found == Server("email-smtp.eu-west-1.amazonaws.com", 587, "starttls", "AKIA", "pw")
    found = ses.server_of({"region": "us-gov-west-1", "user": "AKIA", "port": "465", "tls": "tls"}, {"password": "pw"})
    assert (found.host, found.port, found.tls) == ("email-smtp.us-gov-west-1.amazonaws.com", 465, "tls")


@pytest.mark.parametrize(
    ("settings", "secrets", "text"),
    [
        ({}, {}, "region is ''"),
        ({"region": "evil.example/", "user": "a"}, {"password": "pw"}, "region is"),
        ({"region": "eu-west-1"}, {"password": "pw"}, "user"),
        ({"region": "eu-west-1", "user": "a"}, {}, "password"),
        ({}, {"url": "https://x"}, r"the secret url \(SES_SMTP_URL\) is not"),
    ],
)
def test_what_is_wrong_is_said(settings: dict[str, str], secrets: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ses.check(settings, secrets)


def test_a_message_arrives_and_has_their_id() -> None:
    with mail_server("starttls", ("AKIA", "pw")) as server:
        environ = {"SES_SMTP_URL": server.url, "SES_FROM_EMAIL": "hello@acme.example"}
        assert configured(environ)["ses"].sender == "hello@acme.example"
        outcome = send("ses", environ, **GOOD)
        assert len(server.received) == 1
    assert outcome.class_ == "ok"
    assert outcome.output and outcome.output["provider"] == "ses"
    reply = Reply(250, "Ok 0102018fa1b2c3d4-5e6f7a8b-0000-4444-8888-abcdefabcdef-000000", "data", message_id="<x@y>")
    found = ses.outcome(reply)
    assert found.provider_message_id == "0102018fa1b2c3d4-5e6f7a8b-0000-4444-8888-abcdefabcdef-000000"
    assert found.output == {"message_id": found.provider_message_id, "provider": "ses"}


LIMITS: list[tuple[Any, str, float | None]] = [
    (Reply(454, "Throttling failure: Maximum sending rate exceeded.", "data"), "throttled", 1.0),
    (Reply(454, "Throttling failure: Daily message quota exceeded.", "data"), "throttled", 3600.0),
    (Reply(454, "Daily message quota exceeded", "mail"), "throttled", 3600.0),
    (Reply(535, "Authentication Credentials Invalid", "auth"), "auth", None),
    (Reply(554, "Message rejected: Email address is not verified.", "data"), "permanent", None),
    (Reply(451, "Timeout waiting for data from client.", "data"), "transient", None),
]


@pytest.mark.parametrize(("reply", "class_", "pause"), LIMITS)
def test_replies_have_classes(reply: Reply, class_: str, pause: float | None) -> None:
    outcome = ses.outcome(reply)
    assert (outcome.class_, outcome.retry_after) == (class_, pause)
