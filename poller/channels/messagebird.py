"""MessageBird's classic SMS API. ``POST /messages``, ``Authorization: AccessKey``, JSON ``originator, body,
recipients`` (numbers without +); 201 with an id. ``datacoding: auto`` lets them choose GSM or Unicode (their default
mangles what is not GSM). 429: "you can safely assume that the request has not been processed". Source:
developers.messagebird.com/api/sms-messaging; the codes of errors, from its client libraries: ``{"errors": [{"code",
"description", "parameter"}]}``, 2 wrong key, 9 missing, 10 invalid, 20 not found, 21 bad request, 25 no balance.
There is no idempotency key: an error of the server is uncertain.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Connection
from . import sms as _sms

message = _sms.message

URL = "https://rest.messagebird.com"


def from_environment(environ: Mapping[str, str]) -> Connection | None:
    """The connection of MESSAGEBIRD_API_KEY, MESSAGEBIRD_ORIGINATOR and MESSAGEBIRD_BASE_URL."""
    key = environ.get("MESSAGEBIRD_API_KEY", "").strip()
    base = environ.get("MESSAGEBIRD_BASE_URL", "").strip()
    sender = environ.get("MESSAGEBIRD_ORIGINATOR", "").strip()
    return Connection("messagebird", "sms", sender, base or URL, bool(base), secrets={"key": key}) if key else None


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message. ``reference`` carries the key, for people who compare."""
    body = {
        "originator": message["from"],
        "recipients": [message["to"].removeprefix("+")],
        "body": message["text"],
        "datacoding": "auto",
        "reference": attempt.key,
    }
    headers = {
        "accept": "application/json",
        "authorization": f"AccessKey {attempt.connection.secrets['key']}",
        "content-type": "application/json",
        "user-agent": "pgwhen",
    }
    url = f"{attempt.connection.base}/messages"
    trusted = attempt.connection.trusted
    return Request("POST", url, headers, orjson.dumps(body, option=orjson.OPT_SORT_KEYS), attempt.timeout, trusted)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    if 200 <= answer.status < 300:
        if isinstance(id_ := said.get("id"), str) and id_:
            return Outcome("ok", {"message_id": id_, "provider": "messagebird"}, None, answer_of(answer), id_)
        text = f"status {answer.status} without an id"
        return failed("uncertain", "messagebird_answer", text, answer=answer_of(answer))
    errors = [error for error in said.get("errors") or [] if isinstance(error, dict)]
    codes = [error.get("code") for error in errors]
    texts = "; ".join(f"{error.get('description')} ({error.get('parameter')})" for error in errors) or answer.text
    return failed(
        _class(answer.status, codes),
        f"messagebird_{codes[0] if codes else answer.status}",
        f"MessageBird answered {answer.status}: {texts}",
        answer=answer_of(answer),
        retry_after=retry_after(answer.headers),
    )


def _class(status: int, codes: list[Any]) -> Class:
    if status == 429:
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    return "auth" if status in (401, 402, 403) or 2 in codes or 25 in codes else "permanent"
