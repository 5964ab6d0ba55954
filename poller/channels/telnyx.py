"""Telnyx v2. ``POST /v2/messages``, bearer token, JSON ``from, to, text``, with ``messaging_profile_id`` where the
sender is a name or comes from the profile's pool; 200 with ``data.id`` and ``data.parts``. Numbers are strictly E.164.
The API takes no tags: the key travels in ``webhook_url``.

Errors are ``{"errors": [{"code", "title", "detail"}]}``: 10009 and 10010 are the account, 10011 asks for patience,
40300 is a block by a STOP. ``x-ratelimit-reset`` is in seconds. ``Idempotency-Key`` is sent but not relied on, since
the endpoint does not declare it: an error of the server is uncertain. Source: developers.telnyx.com (send a message,
messaging error codes, API errors), OpenAPI 2.0.0.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure
from . import Attempt, Connection, Unsendable
from . import sms as _sms

check = _sms.check
check_settings = _sms.check_settings

URL = "https://api.telnyx.com"

CHANNEL = "sms"
SETTINGS: Mapping[str, str] = {
    "from": "sender: a number, a short code, or a name",
    "profile": "id of the messaging profile; needed for a name, and in place of a sender for its pool of numbers",
    **_sms.CALLBACK,
    **_sms.SETTINGS,
    "base_url": "another address of the API",
}
SECRETS: Mapping[str, str] = {"key": "API key"}
VARIABLES: Mapping[str, str] = {
    "TELNYX_API_KEY": "key",
    "TELNYX_FROM_NUMBER": "from",
    "TELNYX_MESSAGING_PROFILE_ID": "profile",
    "TELNYX_CALLBACK_URL": "callback_url",
    "TELNYX_BASE_URL": "base_url",
}
REQUIRED = ("key",)

#: Wrong key, no right, expired token, inactive account, no funds, messaging switched off for profile or account.
_AUTH = ("10009", "10010", "20006", "20012", "20100", "40312", "40314")
#: Too many requests; the queue of the sender is full.
_THROTTLED = ("10011", "40318")
#: The sender cannot be used for the moment.
_TRANSIENT = ("40320",)
_OPTED_OUT = ("40300",)
#: Seconds, not a time.
_RESET = re.compile(r"[0-9]{1,4}")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    profile = connection.settings.get("profile")
    if not definition.get("from") and not connection.sender and profile:
        return _sms.content(definition, connection)
    found = _sms.message(definition, connection, key, now)
    sender = found["from"]
    if not sender.removeprefix("+").isdigit() and not profile:
        raise Unsendable(
            f"from: {sender!r} is a name, which needs the setting profile of the connection {connection.name}",
            "not_configured",
        )
    if sender.isdigit() and len(sender) > 8:
        raise Unsendable(f"from: {sender!r} is not in E.164 form; write it with a +")
    return found


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    body = {name: message[name] for name in ("from", "to", "text") if name in message}
    if profile := attempt.connection.settings.get("profile"):
        body["messaging_profile_id"] = profile
    if url := _sms.callback(attempt.connection, attempt.key):
        body["webhook_url"] = url
    return _request("POST", "/v2/messages", orjson.dumps(body, option=orjson.OPT_SORT_KEYS), attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    status = answer.status
    if 200 <= status < 300:
        data = _data(said)
        if isinstance(id_ := data.get("id"), str) and id_:
            parts = data.get("parts")
            parts = parts if isinstance(parts, int) and not isinstance(parts, bool) and parts > 0 else None
            return Outcome(
                "ok", {"message_id": id_, "provider": "telnyx", "segments": parts}, None, answer_of(answer), id_
            )
        return failed("uncertain", "telnyx_answer", f"status {status} without an id", answer=answer_of(answer))
    found = said.get("errors")
    errors = [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []
    codes = [str(error.get("code")) for error in errors]
    texts = "; ".join(f"{error.get('title')}: {error.get('detail')}" for error in errors) or answer.text
    opted_out = any(code in _OPTED_OUT for code in codes)
    return failed(
        _class(status, codes),
        f"telnyx_{codes[0] if codes else status}"[:100],
        f"Telnyx answered {status}{f' {codes[0]}' if codes else ''}: {texts}",
        answer=answer_of(answer),
        retry_after=_pause(answer),
        extra={"suppress": {"channel": "sms", "reason": "opt_out"}} if opted_out else None,
    )


def probe(attempt: Attempt, to: str | None) -> Request:
    """Ask for the balance."""
    return _request("GET", "/v2/balance", b"", attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the balance says."""
    said = answer.json if isinstance(answer, Response) and isinstance(answer.json, dict) else {}
    data = _data(said)
    what = {name: data.get(name) for name in ("balance", "currency")}
    return _sms.probed("telnyx", answer, outcome(answer), what)


def _request(method: str, path: str, body: bytes, attempt: Attempt) -> Request:
    connection = attempt.connection
    headers = {
        "accept": "application/json",
        "authorization": f"Bearer {connection.secrets['key']}",
        "user-agent": "pgwhen",
        **({"content-type": "application/json", "idempotency-key": attempt.key} if body else {}),
    }
    return Request(method, f"{connection.base}{path}", headers, body, attempt.timeout, connection.trusted)


def _pause(answer: Response) -> float | None:
    """Seconds that they ask for: Retry-After, else when the limit is counted anew."""
    reset = answer.headers.get("x-ratelimit-reset", "") if answer.status == 429 else ""
    return _sms.pause(answer) or (float(reset) if _RESET.fullmatch(reset.strip()) else None)


def _data(said: Mapping[str, Any]) -> dict[str, Any]:
    data = said.get("data")
    return data if isinstance(data, dict) else {}


def _class(status: int, codes: list[str]) -> Class:
    if status == 429 or any(code in _THROTTLED for code in codes):
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    if any(code in _TRANSIENT for code in codes):
        return "transient"
    # 403 stands before every messaging code (40xxx), most of which are of the message; alone it is the key's.
    if status in (401, 402) or any(code in _AUTH for code in codes) or (status == 403 and not codes):
        return "auth"
    return "permanent"
