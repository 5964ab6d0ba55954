"""MessageBird's classic SMS API. ``POST /messages``, ``Authorization: AccessKey``, JSON ``originator, body,
recipients`` (numbers without +); 201 with an id. ``datacoding: auto`` lets them choose GSM or Unicode (their default
mangles what is not GSM). ``reference`` comes back in status reports, which go to ``reportUrl``. 429: "you can safely
assume that the request has not been processed". Source: developers.messagebird.com/api/sms-messaging; the codes of
errors, from its client libraries: ``{"errors": [{"code", "description", "parameter"}]}``, 2 wrong key, 9 missing, 10
invalid, 20 not found, 21 bad request, 25 no balance. There is no idempotency key: an error of the server is uncertain.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure
from . import Attempt
from . import sms as _sms

message = _sms.message
check = _sms.check
check_settings = _sms.check_settings

URL = "https://rest.messagebird.com"

CHANNEL = "sms"
SETTINGS = {
    "from": "sender, a number or a name",
    **_sms.CALLBACK,
    **_sms.SETTINGS,
    "base_url": "another address of the API",
}
SECRETS = {"key": "access key"}
VARIABLES = {
    "MESSAGEBIRD_API_KEY": "key",
    "MESSAGEBIRD_ORIGINATOR": "from",
    "MESSAGEBIRD_CALLBACK_URL": "callback_url",
    "MESSAGEBIRD_BASE_URL": "base_url",
}
REQUIRED = ("key",)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message. ``reference`` carries the key: status reports bring it back."""
    body = {
        "originator": message["from"],
        "recipients": [message["to"].removeprefix("+")],
        "body": message["text"],
        "datacoding": "auto",
        "reference": attempt.key,
    }
    if url := _sms.callback(attempt.connection, attempt.key):
        body["reportUrl"] = url
    return _request("POST", "/messages", orjson.dumps(body, option=orjson.OPT_SORT_KEYS), attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    if 200 <= answer.status < 300:
        if isinstance(id_ := said.get("id"), str) and id_:
            output = {"message_id": id_, "provider": "messagebird", "segments": _segments(said)}
            return Outcome("ok", output, None, answer_of(answer), id_)
        text = f"status {answer.status} without an id"
        return failed("uncertain", "messagebird_answer", text, answer=answer_of(answer))
    found = said.get("errors")
    errors = [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []
    codes = [error.get("code") for error in errors]
    texts = "; ".join(f"{error.get('description')} ({error.get('parameter')})" for error in errors) or answer.text
    return failed(
        _class(answer.status, codes),
        f"messagebird_{codes[0] if codes else answer.status}"[:100],
        f"MessageBird answered {answer.status}: {texts}",
        answer=answer_of(answer),
        retry_after=_sms.pause(answer),
    )


def probe(attempt: Attempt, to: str | None) -> Request:
    """Ask for the balance."""
    return _request("GET", "/balance", b"", attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the balance says."""
    said = answer.json if isinstance(answer, Response) and isinstance(answer.json, dict) else {}
    what = {name: said.get(name) for name in ("payment", "amount", "type")}
    return _sms.probed("messagebird", answer, outcome(answer), what)


def _request(method: str, path: str, body: bytes, attempt: Attempt) -> Request:
    connection = attempt.connection
    headers = {
        "accept": "application/json",
        "authorization": f"AccessKey {connection.secrets['key']}",
        "user-agent": "pgwhen",
        **({"content-type": "application/json"} if body else {}),
    }
    return Request(method, f"{connection.base}{path}", headers, body, attempt.timeout, connection.trusted)


def _class(status: int, codes: list[Any]) -> Class:
    if status == 429:
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    return "auth" if status in (401, 402, 403) or 2 in codes or 25 in codes else "permanent"


def _segments(said: Mapping[str, Any]) -> int | None:
    """How many messages the text was split into, where it says so."""
    recipients = said.get("recipients")
    items = recipients.get("items") if isinstance(recipients, dict) else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    count = first.get("messagePartCount")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else None
