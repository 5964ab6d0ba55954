"""Twilio Messages. ``POST /2010-04-01/Accounts/{AccountSid}/Messages.json``, basic authentication, a form with To, Body
and From, or MessagingServiceSid where the sender starts with MG; 201 with a sid. Body up to 1,600 characters.

429 (20429) was never processed. There is no idempotency key: an error of the server is uncertain. 21610 (opted out)
and its like are permanent for the number; 20003 is the account; 63038 is the daily cap. Source: twilio.com/docs
(message resource, error dictionary).
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Connection
from . import sms as _sms

message = _sms.message

URL = "https://api.twilio.com"

#: The daily cap (63038) ends with the day; it is looked at again every hour.
CAP_PAUSE = 3_600.0

_AUTH = (20003, 20005, 20006, 20008, 20404)
_THROTTLED = (20429, 14107, 63038)


def from_environment(environ: Mapping[str, str]) -> Connection | None:
    """The connection of TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM_NUMBER and TWILIO_BASE_URL."""
    account, token = environ.get("TWILIO_ACCOUNT_SID", "").strip(), environ.get("TWILIO_AUTH_TOKEN", "").strip()
    base = environ.get("TWILIO_BASE_URL", "").strip()
    if not account or not token:
        return None
    basic = b64encode(f"{account}:{token}".encode()).decode()
    sender = environ.get("TWILIO_FROM_NUMBER", "").strip()
    return Connection("twilio", "sms", sender, base or URL, bool(base), account, {"token": token, "basic": basic})


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    sender = "MessagingServiceSid" if message["from"].startswith("MG") else "From"
    body = urlencode({"To": message["to"], sender: message["from"], "Body": message["text"]}).encode()
    headers = {
        "accept": "application/json",
        "authorization": f"Basic {attempt.connection.secrets['basic']}",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "pgwhen",
    }
    connection = attempt.connection
    url = f"{connection.base}/2010-04-01/Accounts/{quote(connection.account, safe='')}/Messages.json"
    return Request("POST", url, headers, body, attempt.timeout, connection.trusted)


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
    pause = max(retry_after(answer.headers) or 0.0, CAP_PAUSE) if code == 63038 else retry_after(answer.headers)
    text = f"Twilio answered {status} {code or ''}: {said.get('message') or answer.text}"
    return failed(_class(status, code), f"twilio_{code or status}", text, answer=answer_of(answer), retry_after=pause)


def _class(status: int, code: Any) -> Class:
    if status == 429 or code in _THROTTLED:
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    return "auth" if status in (401, 403) or code in _AUTH else "permanent"


def _segments(value: Any) -> int | None:
    """How many messages the text was split into; unknown (0) where a messaging service decides later."""
    return int(value) or None if isinstance(value, (int, str)) and str(value).isdigit() else None
