"""SendGrid v3. ``POST /v3/mail/send``, bearer token, JSON; 202 without a body, the id in ``X-Message-Id``. There is no
idempotency key: what was written and not answered is uncertain.

One call carries up to 1,000 personalizations, each a message of its own with its own recipients, subject, headers and
custom arguments, of one content. Only messages whose sender, texts and reply addresses are the same share a call: texts
are never put together by SendGrid from pieces, so that nobody can get what is another's. A call has at most 1,000
recipients.

429 is documented with ``X-RateLimit-Reset`` (seconds of the Unix epoch); where it is absent the step's own pause holds.
200 is a valid call of sandbox mode, which sends nothing. 401 ``Maximum credits exceeded`` is a quota.

Sources: docs.sendgrid.com/api-reference/mail-send (mail-send, errors, limitations), the OpenAPI document of v3.
"""

import re
import time
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, mime
from . import email as _email

message = _email.message

URL = "https://api.sendgrid.com"
EU = "https://api.eu.sendgrid.com"

CHANNEL = "email"
SETTINGS: Mapping[str, str] = {
    "from": "sender",
    "region": "eu for an account of the EU",
    "base_url": "another address of the API",
    "batch": "most messages in one call; 1 to 1000, 1000 unless given",
}
SECRETS: Mapping[str, str] = {"key": "API key"}
VARIABLES: Mapping[str, str] = {
    "SENDGRID_API_KEY": "key",
    "SENDGRID_FROM_EMAIL": "from",
    "SENDGRID_REGION": "region",
    "SENDGRID_BASE_URL": "base_url",
}
REQUIRED = ("key",)

BATCH = 1_000
KEYED = False

#: Seconds; credits come back by the day or the month.
QUOTA_PAUSE = 3_600.0

#: Status -> class; what is not here is permanent below 500 and uncertain from there.
CLASSES: Mapping[int, Class] = {401: "auth", 403: "auth", 408: "uncertain", 429: "throttled"}

_INVALID = (400, 413)


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    _email.check_sender(settings)
    _email.check_batch(settings, BATCH)
    _email.check_region(settings)


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Look at a connection before it is used. Raises ValueError."""
    _email.check_batch(settings, BATCH)
    _email.check_region(settings)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    body = _body([message], [attempt.key])
    if files := _email.files(message, attempt):
        body["attachments"] = [
            {"filename": file.name, "type": file.media_type, "content": _email.base64_of(file)} for file in files
        ]
    return _call(body, attempt)


def batch_with(message: Mapping[str, Any]) -> Hashable | None:
    """Messages of the same content may leave in one call. A message to several may not: a call counts recipients."""
    if message.get("attachments") or len(_email.recipients(message)) > 1:
        return None
    return message["from"], message.get("text"), message.get("html"), tuple(message.get("reply_to", ()))


def batch_request(messages: Sequence[Mapping[str, Any]], keys: Sequence[str], attempt: Attempt) -> Request:
    """The call for a batch."""
    return _call(_body(messages, keys), attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    status, said = answer.status, answer_of(answer)
    if status == 202:
        id_ = answer.headers.get("x-message-id") or None
        return Outcome("ok", {"message_id": id_, "provider": "sendgrid"}, answer=said, provider_message_id=id_)
    if status == 200:
        return failed("permanent", "sendgrid_sandbox", "SendGrid found it valid and did not send it", answer=said)
    if 200 <= status < 300:
        return failed("uncertain", "sendgrid_answer", f"SendGrid answered {status}, not 202", answer=said)
    errors = _errors(answer)
    text = "; ".join(str(error.get("message")) for error in errors) or answer.text
    class_ = CLASSES.get(status, "permanent" if status < 500 else "uncertain")
    pause = retry_after(answer.headers) or _reset(answer)
    if "credits exceeded" in text.lower():
        class_, pause = "throttled", QUOTA_PAUSE
    elif class_ == "auth" and any(error.get("field") == "from" for error in errors):
        class_ = "permanent"  # the sender of this message, not the key
    return failed(class_, f"sendgrid_{status}", f"SendGrid answered {status}: {text}", answer=said, retry_after=pause)


def batch_outcomes(answer: Response | Failure, messages: Sequence[Mapping[str, Any]]) -> list[Outcome] | None:
    """What became of each message of a batch: it is taken whole, or refused whole."""
    found = outcome(answer)
    if isinstance(answer, Response) and answer.status in _INVALID and len(messages) > 1:
        return None
    return [found] * len(messages)


def probe(attempt: Attempt, to: str | None = None) -> Request:
    """A message in sandbox mode: judged, and not sent."""
    sender = attempt.connection.sender or "pgwhen@example.com"
    message = {"from": sender, "to": [to or _email.split(sender)[1]], "subject": "pgwhen", "text": "pgwhen"}
    body = _body([message], ["probe:probe:0:0"]) | {"mail_settings": {"sandbox_mode": {"enable": True}}}
    return _call(body, attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the answer to that means."""
    if isinstance(answer, Response) and answer.status == 200:
        return Outcome("ok", {"provider": "sendgrid"}, answer=answer_of(answer))
    return outcome(answer)


def _body(messages: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> dict[str, Any]:
    first = messages[0]
    kinds = (("text", "text/plain"), ("html", "text/html"))
    body: dict[str, Any] = {
        "personalizations": [_personal(message, key) for message, key in zip(messages, keys, strict=True)],
        "from": _person(first["from"]),
        "subject": first["subject"],
        "content": [{"type": type_, "value": first[key]} for key, type_ in kinds if first.get(key)],
    }
    if replies := first.get("reply_to"):
        body["reply_to_list"] = [_person(address) for address in replies]
    return body


def _personal(message: Mapping[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "subject": message["subject"],
        "headers": {"Auto-Submitted": "auto-generated", **_email.headers(message)},
        "custom_args": {"pgwhen": _email.reference(key)},
    }
    # An address that stands in two of these is refused.
    known: set[str] = set()
    for name in ("to", "cc", "bcc"):
        people = [_person(address) for address in message.get(name, ())]
        fresh = {person["email"].lower(): person for person in people if person["email"].lower() not in known}
        known |= fresh.keys()
        if fresh:
            found[name] = list(fresh.values())
    return found


def _person(address: str) -> dict[str, str]:
    name, plain = _email.split(address)[0], mime.ascii_address(address)
    # Names with a comma or a semicolon are refused.
    name = re.sub(r"\s*[,;]\s*", " ", name).strip()
    return {"email": plain, **({"name": name} if name else {})}


def _call(body: Mapping[str, Any], attempt: Attempt) -> Request:
    connection = attempt.connection
    headers = {
        "authorization": f"Bearer {connection.secrets['key']}",
        "content-type": "application/json",
        "user-agent": "pgwhen",
    }
    url = f"{_email.base_of(connection, EU)}/v3/mail/send"
    data = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return Request("POST", url, headers, data, attempt.timeout, connection.trusted)


def _errors(answer: Response) -> list[dict[str, Any]]:
    said = answer.json if isinstance(answer.json, dict) else {}
    errors = said.get("errors")
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _reset(answer: Response) -> float | None:
    """Seconds until the limit is over; absurd ones are nobody's."""
    text = answer.headers.get("x-ratelimit-reset", "")
    seconds = float(text) - time.time() if re.fullmatch(r"\d{1,12}", text) else 0.0
    return seconds if 0 < seconds <= 86_400 else None
