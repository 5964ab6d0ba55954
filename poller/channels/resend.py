"""Resend. ``POST /emails``, bearer token, JSON; 200 with an id. Idempotency-Key (1 to 256 characters) is kept 24 hours,
and the same key with another body is refused, hence the frozen message. Source: resend.com/docs/api-reference (errors,
send-email), openapi 1.5.0. Limits are never assumed: 429 carries retry-after.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Connection
from . import email as _email

message = _email.message

URL = "https://api.resend.com"

#: A quota (of a day or a month) is not a matter of seconds.
QUOTA_PAUSE = 3_600.0

_AUTH = ("missing_api_key", "restricted_api_key", "invalid_api_key")
_QUOTA = ("daily_quota_exceeded", "monthly_quota_exceeded")


def from_environment(environ: Mapping[str, str]) -> Connection | None:
    """The connection of RESEND_API_KEY, RESEND_FROM_EMAIL and RESEND_BASE_URL."""
    key = environ.get("RESEND_API_KEY", "").strip()
    base = environ.get("RESEND_BASE_URL", "").strip()
    sender = environ.get("RESEND_FROM_EMAIL", "").strip()
    return Connection("resend", "email", sender, base or URL, bool(base), secrets={"key": key}) if key else None


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    fields = ("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html")
    body = {name: message[name] for name in fields if name in message}
    body["headers"] = {"Auto-Submitted": "auto-generated", **message.get("headers", {})}
    headers = {
        "authorization": f"Bearer {attempt.connection.secrets['key']}",
        "content-type": "application/json",
        "idempotency-key": attempt.key,
        "user-agent": "pgwhen",
    }
    url = f"{attempt.connection.base}/emails"
    trusted = attempt.connection.trusted
    return Request("POST", url, headers, orjson.dumps(body, option=orjson.OPT_SORT_KEYS), attempt.timeout, trusted)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    name, status = str(said.get("name") or ""), answer.status
    if 200 <= status < 300:
        if isinstance(id_ := said.get("id"), str) and id_:
            return Outcome("ok", {"message_id": id_, "provider": "resend"}, None, answer_of(answer), id_)
        return failed("uncertain", "resend_answer", f"status {status} without an id", answer=answer_of(answer))
    pause = retry_after(answer.headers)
    if name in _QUOTA:
        pause = max(pause or 0.0, QUOTA_PAUSE)
    text = f"Resend answered {status} {name}: {said.get('message') or answer.text}".strip()
    return failed(_class(status, name), f"resend_{name or status}", text, answer=answer_of(answer), retry_after=pause)


def _class(status: int, name: str) -> Class:
    if status == 429 or name in _QUOTA:
        return "throttled"
    # With a key that is honoured, an error of the server is safe to repeat.
    if status >= 500 or status == 408 or name == "concurrent_idempotent_requests":
        return "transient"
    if name in _AUTH or status == 401 or (status == 403 and not name):
        return "auth"
    return "permanent"
