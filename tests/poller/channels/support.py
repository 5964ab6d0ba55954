"""What the tests of adapters share: one message over a provider's local server, and the class of an answer."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from pgwhen.poller.channels import Attempt, adapter, configured
from pgwhen.poller.connections import Connections
from pgwhen.poller.http import AddressGuard, HttpClient
from pgwhen.poller.mail import Mailer
from pgwhen.poller.outcome import Outcome, Response
from pgwhen.poller.perform import Performer
from pgwhen.poller.secrets import Vault

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
KEY = "0190-ex:thank:1:0"


def send(name: str, environ: Mapping[str, str], key: str = KEY, timeout: float = 5.0, **definition: Any) -> Outcome:
    """Message, request, answer and outcome of one attempt, as the poller does it."""
    connection = configured(environ)[name]
    message = adapter(name).message(definition, connection, key, NOW)
    vault = Vault(environ)

    async def once() -> Outcome:
        async with HttpClient(AddressGuard()) as http, Mailer() as mailer:
            performer = Performer(http, mailer, Connections(environ), vault)
            action = {"idempotency_key": key, "attempt": 1, "timeout_seconds": timeout}
            return await performer.perform(action, name, message)

    return asyncio.run(once())


def judge(name: str, status: int, body: Any = None, **headers: str) -> Outcome:
    """What an adapter makes of an answer."""
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    outcome: Outcome = adapter(name).outcome(Response(status, named, raw))
    return outcome


__all__ = ["KEY", "NOW", "Attempt", "judge", "send"]
