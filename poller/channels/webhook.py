"""Outgoing webhooks by Standard Webhooks 1.0.0 (standard-webhooks/standard-webhooks, spec/standard-webhooks.md).

A step names an endpoint (pgwhen endpoints), which has the address and the references of its secrets. Frozen are
``{endpoint, id, event, body}``: the body ``{type, timestamp, data}`` in this order, byte for byte, and the id, the
idempotency key, which is the same for each attempt and has no full stop. An attempt adds its own time, and signs
``id.time.body`` with each secret that counts: HMAC-SHA256 for ``whsec_``, ed25519 for ``whsk_``.

Success is 2xx only. Anything else is tried again, as receivers are deployed and repaired, but for 410, which disables
the endpoint; redirects are never followed. Receivers know a repetition by its id.
"""

import base64
import binascii
import functools
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..outcome import Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from ..secrets import SecretError
from ..templates import dumps
from . import Attempt, Call, Connection, Unsendable
from .http import address

log = logging.getLogger(__name__)

CHANNEL = "webhook"
SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {}
VARIABLES: Mapping[str, str] = {}
REQUIRED = ()
KEYS: Mapping[str, str] = {"event": "text", "data": "json"}

#: Seconds; the specification recommends 15 to 30 for an attempt.
TIMEOUT = 20.0

#: Seconds after a 429 that names no time.
PAUSE = 60.0

_TYPE = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The webhook to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    event = str(definition.get("event") or "").strip()
    if not event:
        raise Unsendable("event is missing: the type of what happened, order.paid for example")
    if len(event) > 128 or not _TYPE.fullmatch(event):
        raise Unsendable(
            f"event: {event[:80]!r} is not a type: words of a-z, A-Z, 0-9 and _, with full stops between them"
        )
    endpoint = definition.get("endpoint")
    if not isinstance(endpoint, str) or not endpoint:
        raise Unsendable("endpoint is missing")
    at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = dumps({"type": event, "timestamp": at, "data": definition.get("data")})
    return {"endpoint": endpoint, "id": key, "event": event, "body": body}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """Webhooks have no recipients."""
    return []


def request(message: Mapping[str, Any], attempt: Attempt) -> Request | Call:
    """The call for a frozen webhook. Raises Unsendable where the endpoint is gone, and SecretError."""
    endpoint = attempt.extra.get("endpoint")
    if not endpoint:
        name = message["endpoint"]
        raise Unsendable(f"there is no endpoint {name}: pgwhen endpoints add {name} URL --secret REFERENCE", "endpoint")
    if endpoint["status"] == "disabled":
        return Call(functools.partial(_disabled, endpoint), attempt.timeout)
    if endpoint.get("wait"):
        return Call(functools.partial(_throttled, endpoint), attempt.timeout)
    secrets = _secrets(endpoint["name"], endpoint.get("secrets") or (), attempt)
    at, body = int(time.time()), message["body"].encode()
    headers = {
        "content-type": "application/json",
        "user-agent": "pgwhen",
        "webhook-id": message["id"],
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(sign(secret, message["id"], at, body) for secret in secrets),
    }
    return Request("POST", address(endpoint["url"]), headers, body, min(attempt.timeout, TIMEOUT))


def _secrets(name: str, references: Sequence[str], attempt: Attempt) -> list[str]:
    """The secrets to sign with, the newest first. One that is being replaced may be gone already where this runs."""
    found = []
    for reference in references:
        try:
            found.append(attempt.reveal(reference))
        except SecretError as error:
            if not found:
                raise
            log.warning("endpoint %s is not signed with its former secret: %s", name, error)
    if not found:
        raise SecretError(f"the endpoint {name} has no secret: pgwhen endpoints rotate {name} --secret REFERENCE")
    return found


async def _disabled(endpoint: Mapping[str, Any]) -> Outcome:
    """Nothing is sent: the work is held until the endpoint is enabled."""
    text = f"endpoint {endpoint['name']} is disabled: {endpoint.get('reason') or 'no reason was given'}"
    return failed("auth", "endpoint_disabled", text, extra={"endpoint": {"disabled": True}})


async def _throttled(endpoint: Mapping[str, Any]) -> Outcome:
    """Another webhook was told to wait: this one need not ask."""
    text = f"endpoint {endpoint['name']} asked for patience"
    return failed("throttled", "endpoint_throttled", text, retry_after=float(endpoint["wait"]))


def sign(secret: str, id_: str, at: int, body: bytes) -> str:
    """The signature of a webhook: ``v1,`` or ``v1a,`` and base64. Raises SecretError for what is no such secret."""
    content = f"{id_}.{at}.".encode() + body
    kind, _, text = secret.rpartition("_")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if kind == "whsk" and len(key) in (32, 64):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        # Libraries write the seed alone, or the seed and the public key.
        return f"v1a,{base64.b64encode(Ed25519PrivateKey.from_private_bytes(key[:32]).sign(content)).decode()}"
    if kind != "whsec" or not 24 <= len(key) <= 64:
        raise SecretError(
            "a secret of this endpoint is not one of Standard Webhooks: whsec_ and 24 to 64 bytes in base64; "
            "pgwhen endpoints rotate NAME --generate file:PATH makes one"
        )
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"


def outcome(answer: Response | Failure | Outcome) -> Outcome:
    """What an answer means; ``extra.endpoint`` says what it tells of the receiver."""
    if isinstance(answer, Outcome):
        return answer
    if isinstance(answer, Failure):
        # What we refuse to call is our rule, not the receiver's failure.
        found = of_failure(answer)
        return found if answer.refused else replace(found, extra={"endpoint": {"ok": False}})
    status = answer.status
    if 200 <= status < 300:
        return Outcome("ok", {"status": status}, None, answer_of(answer), extra={"endpoint": {"ok": True}})
    pause = retry_after(answer.headers)
    if status == 429:
        pause = PAUSE if pause is None else pause
    text = f"the receiver answered {status}: {answer.text[:200]}".strip(": ")
    return failed(
        "permanent" if status == 410 else "throttled" if status == 429 else "transient",
        f"webhook_{status}",
        text,
        answer=answer_of(answer),
        retry_after=pause,
        extra={"endpoint": {"ok": False, "gone": status == 410}},
    )
