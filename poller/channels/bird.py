"""Bird. ``POST /workspaces/{workspace}/channels/{channel}/messages``, ``Authorization: AccessKey``, JSON ``receiver``,
``body`` and ``reference`` (our key, which stays with the message); 202 with an id. The channel, which was made for a
number or a name, is the sender. How many messages a text becomes, the answer does not say.

Errors are ``{"code", "message", "details"}``: 400 and 422 for what is wrong with the message, 404 for a workspace or a
channel that is not there, 409 for one in a state that forbids it. There is no idempotency key: an error of the server
is uncertain. Source: docs.bird.com/api (channels API: messaging; programmable SMS: sending; common API usage).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure
from . import Attempt, Connection, Unsendable
from . import sms as _sms

check = _sms.check
check_settings = _sms.check_settings

URL = "https://api.bird.com"

CHANNEL = "sms"
SETTINGS: Mapping[str, str] = {
    "workspace": "id of the workspace",
    "channel": "id of the channel, which decides the sender",
    **_sms.SETTINGS,
    "base_url": "another address of the API",
}
SECRETS: Mapping[str, str] = {"key": "access key"}
VARIABLES: Mapping[str, str] = {
    "BIRD_ACCESS_KEY": "key",
    "BIRD_WORKSPACE": "workspace",
    "BIRD_CHANNEL": "channel",
    "BIRD_BASE_URL": "base_url",
}
REQUIRED = ("key", "workspace", "channel")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    if definition.get("from"):
        raise Unsendable("from cannot be chosen with Bird: its channel decides the sender; remove it from the step")
    return _sms.content(definition, connection)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    body = {
        "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": message["to"]}]},
        "body": {"type": "text", "text": {"text": message["text"]}},
        "reference": attempt.key,
    }
    return _request("POST", "/messages", orjson.dumps(body, option=orjson.OPT_SORT_KEYS), attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    status = answer.status
    if 200 <= status < 300:
        if isinstance(id_ := said.get("id"), str) and id_:
            output = {"message_id": id_, "provider": "bird", "segments": None}
            return Outcome("ok", output, None, answer_of(answer), id_)
        return failed("uncertain", "bird_answer", f"status {status} without an id", answer=answer_of(answer))
    # Newer addresses of theirs put the same into an object.
    said = said["error"] if isinstance(said.get("error"), dict) else said
    code = said.get("code") or said.get("type")
    code = code if isinstance(code, str) else None
    text = f"Bird answered {status}{f' {code}' if code else ''}: {said.get('message') or answer.text}"
    if said.get("details"):
        text += f" {orjson.dumps(said['details'], default=str).decode()}"
    name = f"bird_{code or status}"[:100]
    return failed(_class(status), name, text, answer=answer_of(answer), retry_after=_sms.pause(answer))


def probe(attempt: Attempt, to: str | None) -> Request:
    """Ask for the channel."""
    return _request("GET", "", b"", attempt)


def probed(answer: Response | Failure) -> Outcome:
    """What the channel says of itself."""
    said = answer.json if isinstance(answer, Response) and isinstance(answer.json, dict) else {}
    if isinstance(answer, Response) and answer.status == 200 and said.get("status") not in (None, "active"):
        return failed("auth", "bird_channel", f"the channel is {said['status']}", answer=answer_of(answer))
    refused = outcome(answer)
    if isinstance(answer, Response) and answer.status == 404:
        error = refused.error or {}
        refused = failed("auth", error["code"], error["message"], answer=refused.answer)
    return _sms.probed("bird", answer, refused, {"channel": said.get("name")})


def _request(method: str, path: str, body: bytes, attempt: Attempt) -> Request:
    connection = attempt.connection
    workspace, channel = (quote(connection.settings[name], safe="") for name in ("workspace", "channel"))
    headers = {
        "accept": "application/json",
        "authorization": f"AccessKey {connection.secrets['key']}",
        "user-agent": "pgwhen",
        **({"content-type": "application/json"} if body else {}),
    }
    url = f"{connection.base}/workspaces/{workspace}/channels/{channel}{path}"
    return Request(method, url, headers, body, attempt.timeout, connection.trusted)


def _class(status: int) -> Class:
    if status == 429:
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    # Everything in the address of the call is the connection's: 404 is one that is set up wrongly.
    return "auth" if status in (401, 402, 403, 404) else "permanent"
