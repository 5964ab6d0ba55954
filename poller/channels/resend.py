"""Resend. ``POST /emails``, or ``POST /emails/batch`` with up to 100; bearer token, JSON; 200 with an id for each.
Idempotency-Key (1 to 256 characters) is kept 24 hours, and the same key with another body is refused, hence the frozen
message. Limits are never assumed: 429 carries retry-after.

A batch takes no attachments. It is sent with ``x-batch-validation: permissive``: what is valid is queued, and for each
that is not the answer has ``{index, message}`` among ``errors``; ``data`` are the ids of the others, in their order.

Sources: resend.com/docs/api-reference (errors, send-email, send-batch-emails), openapi 1.5.0,
resend.com/changelog/batch-validation-modes.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt
from . import email as _email

message = _email.message

URL = "https://api.resend.com"

CHANNEL = "email"
SETTINGS = {
    "from": "sender",
    "base_url": "another address of the API",
    "batch": "most messages in one call; 1 to 100, 100 unless given",
}
SECRETS = {"key": "API key"}
VARIABLES = {"RESEND_API_KEY": "key", "RESEND_FROM_EMAIL": "from", "RESEND_BASE_URL": "base_url"}
REQUIRED = ("key",)

BATCH = 100
KEYED = True

#: A quota (of a day or a month) is not a matter of seconds.
QUOTA_PAUSE = 3_600.0

_AUTH = ("missing_api_key", "restricted_api_key", "invalid_api_key")
_QUOTA = ("daily_quota_exceeded", "monthly_quota_exceeded")
_INVALID = (400, 413, 422)


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    _email.check_sender(settings)
    _email.check_batch(settings, BATCH)


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Look at a connection before it is used. Raises ValueError."""
    _email.check_batch(settings, BATCH)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    body = _body(message, attempt.key)
    if files := _email.files(message, attempt):
        body["attachments"] = [
            {"filename": file.name, "content_type": file.media_type, "content": _email.base64_of(file)}
            for file in files
        ]
    return _call("/emails", body, attempt)


def batch_with(message: Mapping[str, Any]) -> Hashable | None:
    """All but messages with attachments may leave in one call."""
    return None if message.get("attachments") else ""


def batch_request(messages: Sequence[Mapping[str, Any]], keys: Sequence[str], attempt: Attempt) -> Request:
    """The call for a batch."""
    bodies = [_body(message, key) for message, key in zip(messages, keys, strict=True)]
    return _call("/emails/batch", bodies, attempt, {"x-batch-validation": "permissive"})


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    name, status = str(said.get("name") or ""), answer.status
    if 200 <= status < 300:
        return _accepted(said.get("id"), answer_of(answer), f"status {status} without an id")
    pause = retry_after(answer.headers)
    if name in _QUOTA:
        pause = max(pause or 0.0, QUOTA_PAUSE)
    text = f"Resend answered {status}{f' {name}' if name else ''}: {said.get('message') or answer.text}".strip()
    return failed(_class(status, name), f"resend_{name or status}", text, answer=answer_of(answer), retry_after=pause)


def batch_outcomes(answer: Response | Failure, messages: Sequence[Mapping[str, Any]]) -> list[Outcome] | None:
    """What became of each message of a batch."""
    whole = outcome(answer)
    if isinstance(answer, Failure) or not 200 <= answer.status < 300:
        refused = whole.class_ == "permanent" and isinstance(answer, Response) and answer.status in _INVALID
        return None if refused else [whole] * len(messages)
    said = answer.json if isinstance(answer.json, dict) else {}
    errors = _errors(said.get("errors"), len(messages))
    ids = said.get("data")
    if not isinstance(ids, list) or len(ids) + len(errors) != len(messages):
        text = f"status {answer.status} without an id for each of {len(messages)} messages"
        return [failed("uncertain", "resend_answer", text, answer=answer_of(answer))] * len(messages)
    found, rest = [], iter(ids)
    for place in range(len(messages)):
        if place in errors:
            text, ours = errors[place], {"status": answer.status, "index": place, "message": errors[place]}
            found.append(failed("permanent", "resend_validation_error", f"Resend refused it: {text}", answer=ours))
            continue
        item = next(rest)
        id_ = item.get("id") if isinstance(item, dict) else None
        ours = {"status": answer.status, "index": place, "id": id_}
        found.append(_accepted(id_, ours, f"status {answer.status} without an id for message {place} of the batch"))
    return found


def probe(attempt: Attempt, to: str | None = None) -> Request:
    """A call without a message: a good key, also one that may only send, is told what is missing."""
    return _call("/emails", {}, attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the answer to that means."""
    found = outcome(answer)
    if isinstance(answer, Response) and answer.status in _INVALID and found.class_ == "permanent":
        return Outcome("ok", {"provider": "resend"}, answer=answer_of(answer))
    return found


def _body(message: Mapping[str, Any], key: str) -> dict[str, Any]:
    fields = ("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html")
    body = {name: message[name] for name in fields if name in message}
    body["headers"] = {"Auto-Submitted": "auto-generated", **_email.headers(message)}
    body["tags"] = [{"name": "pgwhen", "value": _email.reference(key)}]
    return body


def _call(path: str, body: Any, attempt: Attempt, more: Mapping[str, str] | None = None) -> Request:
    headers = {
        "authorization": f"Bearer {attempt.connection.secrets['key']}",
        "content-type": "application/json",
        "idempotency-key": attempt.key,
        "user-agent": "pgwhen",
        **(more or {}),
    }
    url, trusted = f"{attempt.connection.base}{path}", attempt.connection.trusted
    return Request("POST", url, headers, orjson.dumps(body, option=orjson.OPT_SORT_KEYS), attempt.timeout, trusted)


def _accepted(id_: Any, answer: dict[str, Any], otherwise: str) -> Outcome:
    if isinstance(id_, str) and id_:
        return Outcome("ok", {"message_id": id_, "provider": "resend"}, None, answer, id_)
    return failed("uncertain", "resend_answer", otherwise, answer=answer)


def _errors(given: Any, count: int) -> dict[int, str]:
    """The messages of a batch that were refused, by their place. What cannot be read counts for nothing."""
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    return {
        item["index"]: str(item.get("message"))
        for item in items
        if type(item.get("index")) is int and 0 <= item["index"] < count
    }


def _class(status: int, name: str) -> Class:
    if status == 429 or name in _QUOTA:
        return "throttled"
    # With a key that is honoured, an error of the server is safe to repeat.
    if status >= 500 or status == 408 or name == "concurrent_idempotent_requests":
        return "transient"
    if name in _AUTH or status == 401 or (status == 403 and not name):
        return "auth"
    return "permanent"
