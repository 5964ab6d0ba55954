"""One message over one connection: what an adapter made goes out by HTTP or SMTP, what came back becomes an outcome."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .channels import Attempt, Connection, NotConfigured, Unsendable, adapters
from .channels.smtp import Envelope, Reply
from .http import HttpClient
from .mail import Mailer
from .outcome import Failure, Outcome, Request, Response, failed, of_failure
from .secrets import SecretError, Vault

log = logging.getLogger(__name__)

#: Seconds for an attempt of a step that does not say.
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Performer:
    """What sends: the two clients, the configured connections, the secrets."""

    http: HttpClient
    mailer: Mailer
    connections: Mapping[str, Connection]
    vault: Vault

    async def perform(
        self, action: Mapping[str, Any], connection: str, message: Mapping[str, Any], limit: float | None = None
    ) -> Outcome:
        """Send a frozen message once; never raises but for cancellation. ``limit`` shortens the timeout (seconds)."""
        timeout = float(action.get("timeout_seconds") or TIMEOUT)
        try:
            attempt = Attempt(
                key=action["idempotency_key"],
                number=action["attempt"],
                timeout=min(timeout, limit) if limit is not None else timeout,
                connection=self._connection(connection),
                resolve=self.vault.resolve,
            )
            adapter = adapters()[connection]
            request = adapter.request(message, attempt)
        except SecretError as error:
            return failed("permanent", "secret", str(error))
        except Unsendable as error:
            return failed("permanent", error.code, str(error))
        except Exception as error:
            log.exception("a frozen message cannot be made a request")
            return failed("permanent", "message", f"the frozen message cannot be sent: {type(error).__name__}: {error}")
        return self._masked(await self._outcome(adapter, request))

    def _connection(self, name: str) -> Connection:
        if name not in self.connections:
            raise NotConfigured(f"the connection {name}, by which the message was to leave, is not configured here")
        return self.connections[name]

    async def _outcome(self, adapter: Any, request: Request | Envelope) -> Outcome:
        try:
            outcome: Outcome = adapter.outcome(await self._send(request))
        except asyncio.CancelledError:
            # The poller stops before the answer came.
            return of_failure(Failure("stopped", "the poller was stopped while it waited for the answer", sent=True))
        except Exception as error:
            log.exception("an attempt ended in an error of the poller")
            return failed("uncertain", "poller", f"{type(error).__name__}: {error}")
        return outcome

    async def _send(self, request: Request | Envelope) -> Response | Reply | Failure:
        if isinstance(request, Envelope):
            return await self.mailer.send(request)
        answer = await self.http.send(request)
        return self.vault.mask_response(answer) if isinstance(answer, Response) else answer

    def _masked(self, outcome: Outcome) -> Outcome:
        mask = self.vault.mask
        return replace(
            outcome,
            output=mask(outcome.output),
            error=mask(outcome.error),
            answer=mask(outcome.answer),
            provider_message_id=mask(outcome.provider_message_id),
        )
