"""Slack. ``POST https://slack.com/api/chat.postMessage``, bearer token of a bot, JSON ``channel, text, blocks,
thread_ts``. The status is 200 for failures too: ``ok`` and ``error`` say what happened. The id of a message is its
``ts``; with its channel it can be answered (``thread``).

429 with Retry-After: nothing was posted. ``internal_error`` and ``fatal_error``: "it's possible some aspect of the
operation succeeded", uncertain as there is no idempotency key. Source: docs.slack.dev, reference/methods (errors of
chat.postMessage, auth.test), apis/web-api/rate-limits.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Connection, Unsendable
from . import chat as _chat

URL = "https://slack.com"

CHANNEL = "chat"
SETTINGS: Mapping[str, str] = {
    "channel": "channel of messages whose step names none",
    "base_url": "another address of the API",
}
SECRETS: Mapping[str, str] = {"token": "bot token"}
VARIABLES: Mapping[str, str] = {"SLACK_BOT_TOKEN": "token", "SLACK_CHANNEL": "channel", "SLACK_BASE_URL": "base_url"}
REQUIRED = ("token",)

#: The token, what it may do, the workspace: all messages of the connection would fail so.
_AUTH = frozenset(
    (
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"),
        *("not_allowed_token_type", "no_permission", "two_factor_setup_required", "ekm_access_denied", "access_denied"),
        *("enterprise_is_restricted", "team_access_not_granted", "team_not_found", "accesslimited", "access_limited"),
        *("deprecated_endpoint", "method_deprecated"),
    )
)
_THROTTLED = frozenset(("ratelimited", "rate_limited", "message_limit_exceeded"))
_TRANSIENT = frozenset(("service_unavailable", "request_timeout", "team_added_to_org", "org_login_required"))
_UNCERTAIN = frozenset(("internal_error", "fatal_error"))


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    to = definition.get("to") or connection.settings.get("channel")
    if not to:
        raise Unsendable(
            f"to is missing: name a channel, or set channel of the connection {connection.name}", "recipient"
        )
    return _chat.message({**definition, "to": to}, connection, key, now)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message."""
    names = {"to": "channel", "text": "text", "blocks": "blocks", "thread": "thread_ts"}
    return _request("chat.postMessage", {names[key]: message[key] for key in names if key in message}, attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    said = answer.json if isinstance(answer.json, dict) else {}
    status, error = answer.status, said.get("error")
    if status == 200 and said.get("ok") is True:
        if isinstance(ts := said.get("ts"), str) and ts:
            output = {"message_id": ts, "provider": "slack", "channel": said.get("channel")}
            return Outcome("ok", output, None, answer_of(answer), ts)
        return failed("uncertain", "slack_answer", "ok, but without a ts", answer=answer_of(answer))
    return _failed(answer, error if isinstance(error, str) and error else "", said)


def probe(attempt: Attempt, to: str | None) -> Request:
    """Ask who the token belongs to."""
    return _request("auth.test", {}, attempt)


def probed(answer: Response | Failure) -> Outcome:
    """Who the token belongs to."""
    if isinstance(answer, Failure):
        return of_failure(Failure(answer.code, answer.message, False, answer.refused, answer.connection))
    said = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == 200 and said.get("ok") is True:
        return Outcome("ok", {"provider": "slack"} | {name: said.get(name) for name in ("team", "user")})
    return outcome(answer)


def _request(method: str, body: Mapping[str, Any], attempt: Attempt) -> Request:
    connection = attempt.connection
    headers = {
        "accept": "application/json",
        "authorization": f"Bearer {connection.secrets['token']}",
        "content-type": "application/json; charset=utf-8",
        "user-agent": "pgwhen",
    }
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=float)
    url = f"{connection.base}/api/{method}"
    return Request("POST", url, headers, content, attempt.timeout, connection.trusted)


def _failed(answer: Response, error: str, said: Mapping[str, Any]) -> Outcome:
    status = answer.status
    metadata = said.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    more = "; ".join(map(str, messages)) if isinstance(messages, list) else said.get("needed") or ""
    if status == 200 and not error:
        return failed("uncertain", "slack_answer", f"an answer without ok: {answer.text}", answer=answer_of(answer))
    return failed(
        _class(status, error),
        f"slack_{error or status}"[:100],
        f"Slack answered {status} {error}: {more or (answer.text if not error else '')}".strip(": "),
        answer=answer_of(answer),
        retry_after=retry_after(answer.headers),
    )


def _class(status: int, error: str) -> Class:
    if status == 429 or error in _THROTTLED:
        return "throttled"
    if error in _TRANSIENT:
        return "transient"
    if status >= 500 or status == 408 or error in _UNCERTAIN:
        return "uncertain"
    return "auth" if status in (401, 403) or error in _AUTH else "permanent"
