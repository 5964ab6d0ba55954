"""Twilio Messages. ``POST /2010-04-01/Accounts/{AccountSid}/Messages.json``, a form with To, Body and From, or
MessagingServiceSid where the sender starts with MG; 201 with a sid. Basic authentication by account SID and auth token,
or by the SID of an API key and its secret. Body up to 1,600 characters. ``StatusCallback`` is asked for status changes.

429 (20429) was never processed. There is no idempotency key: an error of the server is uncertain. 21610 (opted out)
and its like are permanent for the number; 20003 is the account; 63038 is the daily cap. Source: twilio.com/docs
(message resource, error dictionary, API keys).
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure
from . import Attempt, Connection
from . import sms as _sms

URL = "https://api.twilio.com"

CHANNEL = "sms"
SETTINGS = {
    "account": "account SID",
    "api_key": "SID of an API key; its secret is then the token",
    "from": "sender: a number, a name, or the SID of a messaging service",
    **_sms.CALLBACK,
    **_sms.SETTINGS,
    "base_url": "another address of the API",
}
SECRETS = {"token": "auth token, or the secret of the API key"}
VARIABLES = {
    "TWILIO_ACCOUNT_SID": "account",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_API_KEY": "api_key",
    "TWILIO_FROM_NUMBER": "from",
    "TWILIO_CALLBACK_URL": "callback_url",
    "TWILIO_BASE_URL": "base_url",
}
REQUIRED = ("account", "token")

check = _sms.check

#: The daily cap (63038) ends with the day; it is looked at again every hour.
CAP_PAUSE = 3_600.0

_COUNT = re.compile(r"[0-9]{1,4}")
_AUTH = (20003, 20005, 20006, 20008, 20404)
_THROTTLED = (20429, 14107, 63038)


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    is_service = _is_service(settings.get("from", ""))
    _sms.check_settings({name: value for name, value in settings.items() if not (is_service and name == "from")})


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    service = str(definition.get("from") or connection.sender or "").strip()
    if _is_service(service):
        return {"from": service, **_sms.content(definition, connection)}
    return _sms.message(definition, connection, key, now)


def _is_service(sender: str) -> bool:
    return sender.startswith("MG") and sender.isascii() and sender.isalnum()


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    sender = "MessagingServiceSid" if message["from"].startswith("MG") else "From"
    form = {"To": message["to"], sender: message["from"], "Body": message["text"]}
    if url := _sms.callback(attempt.connection, attempt.key):
        form["StatusCallback"] = url
    return _request("POST", "/Messages.json", urlencode(form).encode(), attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    status, code = answer.status, said.get("code")
    if 200 <= status < 300:
        if isinstance(sid := said.get("sid"), str) and sid:
            output = {"message_id": sid, "provider": "twilio", "segments": _segments(said.get("num_segments"))}
            return Outcome("ok", output, None, answer_of(answer), sid)
        return failed("uncertain", "twilio_answer", f"status {status} without a sid", answer=answer_of(answer))
    pause = _sms.pause(answer)
    pause = max(pause or 0.0, CAP_PAUSE) if code == 63038 else pause
    text = f"Twilio answered {status}{f' {code}' if code else ''}: {said.get('message') or answer.text}"
    extra = {"suppress": {"channel": "sms", "reason": "opt_out"}} if code == 21610 else None
    name = f"twilio_{code or status}"[:100]
    return failed(_class(status, code), name, text, answer=answer_of(answer), retry_after=pause, extra=extra)


def probe(attempt: Attempt, to: str | None) -> Request:
    """Ask for the account."""
    return _request("GET", ".json", b"", attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the account says of itself."""
    said = answer.json if isinstance(answer, Response) and isinstance(answer.json, dict) else {}
    if isinstance(answer, Response) and answer.status == 200 and said.get("status") not in (None, "active"):
        return failed("auth", "twilio_account", f"the account is {said['status']}", answer=answer_of(answer))
    return _sms.probed("twilio", answer, outcome(answer), {"account": said.get("friendly_name")})


def _request(method: str, path: str, body: bytes, attempt: Attempt) -> Request:
    connection = attempt.connection
    account = connection.settings["account"]
    login = f"{connection.settings.get('api_key') or account}:{connection.secrets['token']}"
    headers = {
        "accept": "application/json",
        "authorization": f"Basic {b64encode(login.encode()).decode()}",
        "user-agent": "pgwhen",
        **({"content-type": "application/x-www-form-urlencoded"} if body else {}),
    }
    url = f"{connection.base}/2010-04-01/Accounts/{quote(account, safe='')}{path}"
    return Request(method, url, headers, body, attempt.timeout, connection.trusted)


def _class(status: int, code: Any) -> Class:
    if status == 429 or code in _THROTTLED:
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    return "auth" if status in (401, 403) or code in _AUTH else "permanent"


def _segments(value: Any) -> int | None:
    """How many messages the text was split into; unknown (0) where a messaging service decides later."""
    return int(value) or None if isinstance(value, (int, str)) and _COUNT.fullmatch(str(value)) else None
