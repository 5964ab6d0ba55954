"""One message over one connection: what an adapter made goes out by HTTP or SMTP, what came back becomes an outcome."""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from .channels import Attempt, Call, Connection, NotConfigured, Unsendable, adapter, channel_module, verify
from .channels.smtp import Envelope
from .connections import HOUSE, Connections
from .http import HttpClient, Written
from .mail import Mailer
from .outcome import Failure, Outcome, Request, Response, failed, of_failure
from .secrets import SecretError, Vault, credentials

log = logging.getLogger(__name__)

#: Seconds for an attempt of a step that does not say.
TIMEOUT = 30.0


#: Providers whose connection is an address; their messages have none.
OWN_ADDRESS = ("slack_webhook",)


#: What an adapter asks for, and what an HTTP request has become before it leaves.
Sendable = Request | Written | Failure | Envelope | Call


class Misconfigured(ValueError):
    """A connection lacks what it needs to send anything: a secret that is not there, a URL that is none."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What leaves, the adapter's judgement of the answer, and to whom it goes. ``at`` is time.monotonic()."""

    request: Sendable
    judge: Callable[[Any], Any]
    recipients: list[str]
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Performer:
    """What sends: the two clients, the configured connections, the secrets."""

    http: HttpClient
    mailer: Mailer
    connections: Connections
    vault: Vault

    async def perform(
        self, action: Mapping[str, Any], connection: str, message: Mapping[str, Any], limit: float | None = None
    ) -> Outcome:
        """Send a frozen message once; never raises but for cancellation. ``limit`` shortens the timeout (seconds)."""
        return await self.send(self.prepare(action, connection, message, limit))

    async def send(self, prepared: "Prepared | Outcome") -> Outcome:
        """Send what was prepared, once; never raises but for cancellation."""
        if isinstance(prepared, Outcome):
            return prepared
        outcome = await self.outcome(prepared.judge, prepared.request)
        return self.masked(_with_address(outcome, prepared.recipients))

    def prepare(
        self, action: Mapping[str, Any], connection: str, message: Mapping[str, Any], limit: float | None = None
    ) -> "Prepared | Outcome":
        """What there is to do before the first byte, or what keeps it from leaving; never raises."""
        timeout = float(action.get("timeout_seconds") or TIMEOUT)
        tenant = action.get("tenant") or HOUSE
        try:
            configured = self.connections.find(connection, tenant)
            provider = adapter(configured.provider)
            revealed = self.revealed(configured)
            attempt = Attempt(
                key=action["idempotency_key"],
                number=action["attempt"],
                timeout=min(timeout, limit) if limit is not None else timeout,
                connection=revealed,
                resolve=functools.partial(self.vault.resolve, tenant=tenant),
                extra=action.get("extra") or {},
                documents=action.get("documents") or {},
                http=self.http,
                reveal=functools.partial(self.vault.reveal, tenant=tenant),
            )
            request = provider.request(message, attempt)
        except Misconfigured as error:
            # Of the connection, not of the message: it waits until somebody has put that right.
            return failed("auth", "connection", str(error))
        except NotConfigured as error:
            # Another poller may have it, or this one again.
            return failed("transient", error.code, str(error))
        except SecretError as error:
            return failed("permanent", "secret", str(error))
        except Unsendable as error:
            return self.masked(failed("permanent", error.code, str(error)))
        except Exception as error:
            log.exception("a frozen message cannot be made a request")
            text = f"the frozen message cannot be sent: {type(error).__name__}: {error}"
            return self.masked(failed("permanent", "message", text))
        written = self.http.write(request) if isinstance(request, Request) else request
        return Prepared(written, provider.outcome, channel_module(configured.channel).recipients(message))

    async def test(self, connection: Connection, to: str | None = None) -> Outcome:
        """Try a connection: with ``to`` by a real message, else by the adapter's probe, which nobody receives.

        Raises NotConfigured where there is neither.
        """
        provider = adapter(connection.provider)
        is_email = provider.CHANNEL == "email"
        probe = None if to else getattr(provider, "probe", None)
        if not to and not probe:
            raise NotConfigured(f"{connection.provider} can be tried by a real message only: give an address")
        try:
            attempt = Attempt(
                key=f"test:{uuid4()}",
                number=1,
                timeout=TIMEOUT,
                connection=self.revealed(connection),
                resolve=functools.partial(self.vault.resolve, tenant=connection.tenant),
                http=self.http,
                reveal=functools.partial(self.vault.reveal, tenant=connection.tenant),
            )
            if probe:
                request, judge = probe(attempt, None), getattr(provider, "probed", provider.outcome)
            else:
                said = f"This is a test of the connection {connection.name}."
                definition = {} if connection.provider in OWN_ADDRESS else {"to": [to] if is_email else to}
                definition |= {"text": said}
                definition |= {"subject": said} if is_email else {}
                message = provider.message(definition, connection, attempt.key, datetime.now(UTC))
                request, judge = provider.request(message, attempt), provider.outcome
        except (Misconfigured, SecretError) as error:
            return self.masked(failed("auth", "connection", str(error)))
        except Unsendable as error:
            return self.masked(failed("permanent", error.code, str(error)))
        return self.masked(await self.outcome(judge, request))

    def revealed(self, connection: Connection) -> Connection:
        """The connection with the values of its secrets. Raises Misconfigured."""
        try:
            revealed = connection.with_secrets(self.vault.reveal_all(connection.secrets, connection.tenant))
            verify(revealed)
        except ValueError as error:
            raise Misconfigured(self.vault.mask(f"connection {connection.name}: {error}")) from error
        return revealed

    async def outcome(self, judge: Callable[[Any], Any], request: Sendable) -> Outcome:
        """What became of a request, by the adapter's ``judge``; never raises."""
        try:
            outcome: Outcome = judge(await self._send(request))
        except asyncio.CancelledError:
            # The poller stops before the answer came.
            harmless = isinstance(request, Call) and request.safe
            return of_failure(Failure("stopped", "the poller was stopped before the answer came", sent=not harmless))
        except Exception as error:
            log.exception("an attempt ended in an error of the poller")
            return failed("uncertain", "poller", f"{type(error).__name__}: {error}")
        return outcome

    async def _send(self, request: Sendable) -> Any:
        if isinstance(request, Failure):
            return request
        if isinstance(request, Envelope):
            return await self.mailer.send(request)
        answer = await (_call(request) if isinstance(request, Call) else self.http.send(request))
        plain = request.request if isinstance(request, Written) else request
        also = credentials(plain) if isinstance(plain, Request) else ()
        return self.vault.mask_response(answer, also) if isinstance(answer, Response) else answer

    def masked(self, outcome: Outcome) -> Outcome:
        """The same without secrets that a server or a library repeated."""
        mask = self.vault.mask
        return replace(
            outcome,
            output=mask(outcome.output),
            error=mask(outcome.error),
            answer=mask(outcome.answer),
            provider_message_id=mask(outcome.provider_message_id),
            extra=outcome.extra if "document" in (outcome.extra or {}) else mask(outcome.extra),
        )


def _with_address(outcome: Outcome, recipients: list[str]) -> Outcome:
    """The outcome with the address to suppress: an adapter sees the answer only, and that may not repeat it."""
    suppress = (outcome.extra or {}).get("suppress")
    if not suppress or suppress.get("address") or len(recipients) != 1:
        return outcome
    return replace(outcome, extra={**(outcome.extra or {}), "suppress": {**suppress, "address": recipients[0]}})


async def _call(call: Call) -> Any:
    try:
        if call.timeout is None:
            return await call.run()
        async with asyncio.timeout(call.timeout):
            return await call.run()
    except TimeoutError:
        limit = "time" if call.timeout is None else f"{call.timeout:g} s"
        return Failure("timeout", f"not done in {limit}", sent=not call.safe)
    except Exception as error:
        log.exception("a call ended in an error of the poller")
        return Failure("poller", f"{type(error).__name__}: {error}", sent=not call.safe)
