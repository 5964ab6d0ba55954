"""Which connection a simulated message would leave by."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pgwhen.cli.simulation import simulate


def row(name: str, channel: str = "email", provider: str = "resend", **more: Any) -> dict[str, Any]:
    """A defined connection, without settings as one of the house is for other tenants."""
    given = {"tenant": "default", "settings": {}, "secrets": {}, "is_default": False}
    return {"name": name, "channel": channel, "provider": provider} | given | more


def chosen(
    type_: str = "email",
    defined: list[dict[str, Any]] | None = None,
    environ: dict[str, str] | None = None,
    **step: Any,
) -> str:
    """The connection of a step, or why there is none."""
    texts: dict[str, Any] = {"to": "a@x.org", "subject": "S", "text": "T"}
    if type_ != "email":
        texts = {"to": "+31612345678", "text": "T"}
    action = {
        "number": 1, "execution_id": "e", "step_id": "s", "type": type_, "attempt": 1, "tenant": "default",
        "at": datetime.now(UTC).isoformat(), "definition": texts | step, "context": {}, "idempotency_key": "k",
    }  # fmt: skip
    run = simulate(lambda given: {"actions": [action], "executions": []}, {}, environ, defined=defined)
    (message,) = run.messages
    return message.connection or message.error["message"]  # type: ignore[index]


def test_without_a_database_any_name_will_do() -> None:
    assert chosen() == "smtp"
    assert chosen("sms") == "twilio"
    assert chosen(connection="newsletter") == "newsletter"
    assert chosen("sms", connection="alarm") == "alarm"


def test_with_one_only_those_that_are_there() -> None:
    assert chosen(defined=[]) == "smtp"
    assert chosen(defined=[row("mail")]) == "mail"
    assert chosen(defined=[row("mail"), row("other", is_default=True)]) == "other"
    assert chosen(defined=[row("mail")], connection="mail") == "mail"
    assert chosen("sms", [row("mail")]) == "twilio"
    assert "the connection nope is not configured" in chosen(defined=[row("mail")], connection="nope")
    assert "none is the default" in chosen(defined=[row("a"), row("b")])
    assert "it is one for email" in chosen("sms", [row("mail")], connection="mail")
    assert "pigeon" not in chosen(defined=[row("a", provider="pigeon")])


@pytest.mark.parametrize("defined", [None, []])
def test_the_environments_come_first(defined: list[dict[str, Any]] | None) -> None:
    assert chosen(defined=defined, environ={"RESEND_API_KEY": "k", "RESEND_FROM_EMAIL": "b@x.org"}) == "resend"
