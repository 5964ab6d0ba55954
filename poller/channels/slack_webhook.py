"""A Slack incoming webhook. ``POST`` of JSON ``text, blocks, thread_ts`` to the URL of the webhook, which is the
secret; 200 with the text ``ok``. The webhook has its own channel, and its messages have no id.

Errors are texts: 400 ``invalid_payload``, 403 ``action_prohibited``, 404 ``channel_not_found`` or ``no_service``, 410
``channel_is_archived``: of the payload or of the webhook; 429 with Retry-After; 500 ``rollup_error``, uncertain as
there is no idempotency key. A message without text is refused by a webhook that is alive, which serves to try one: 400
``no_text``, a classic one 500 ``missing_text_or_fallback_or_attachments``. Source: docs.slack.dev/messaging (sending
messages using incoming webhooks), the changelog of api.slack.com for 2016-05-17 (errors of incoming webhooks), gitlab
issues 332611 and 41853 (without text).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson

from ..outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from . import Attempt, Connection, Unsendable
from . import chat as _chat

CHANNEL = "chat"
SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {"url": "URL of the webhook"}
VARIABLES: Mapping[str, str] = {"SLACK_WEBHOOK_URL": "url"}
REQUIRED = ("url",)

#: What is wrong with a message; all else that is refused is of the webhook or its channel.
_PAYLOAD = frozenset(
    (
        *("invalid_payload", "no_text", "missing_text_or_fallback_or_attachments", "invalid_blocks", "msg_too_long"),
        *(
            "invalid_blocks_format",
            "too_many_attachments",
            "user_not_found",
            "invalid_token_payload",
            "invalid_thread_ts",
        ),
    )
)
#: How a webhook that is alive refuses a message without text.
_WITHOUT_TEXT = ("no_text", "missing_text_or_fallback_or_attachments", "invalid_payload")
_CODE = re.compile(r"[a-z0-9_]{1,60}")


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Whether the URL, where it is known, is one. Raises ValueError, without the URL."""
    if "url" not in secrets:
        return
    parts = urlsplit(secrets["url"].strip())
    if not parts.hostname or "@" in parts.netloc or parts.scheme not in ("http", "https"):
        raise ValueError(
            "the URL of the Slack webhook is not an http or https URL (https://hooks.slack.com/services/...)"
        )
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ValueError(
            "the URL of the Slack webhook begins with http: it is a secret and must not travel in the open"
        )


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    if definition.get("to"):
        raise Unsendable(
            f"to cannot be chosen with {connection.name}: a webhook has its own channel; remove it from the step",
            "recipient",
        )
    return _chat.message(definition, connection, key, now)


def request(message: Mapping[str, Any], attempt: Attempt) -> Request:
    """The call for a frozen message. The address that an operator of the house chose is not asked of the guard."""
    names = {"text": "text", "blocks": "blocks", "thread": "thread_ts"}
    return _request({names[key]: message[key] for key in names if key in message}, attempt)


def outcome(answer: Response | Failure) -> Outcome:
    """What an answer means."""
    if isinstance(answer, Failure):
        return of_failure(answer)
    status, text = answer.status, answer.text.strip()
    if status == 200 and text in ("ok", ""):
        return Outcome("ok", {"message_id": None, "provider": "slack_webhook"}, None, answer_of(answer))
    code = text if _CODE.fullmatch(text) else ""
    if status == 200:
        return failed(
            "uncertain", "slack_webhook_answer", f"an answer that is not ok: {text}", answer=answer_of(answer)
        )
    return failed(
        _class(status, code),
        f"slack_webhook_{code or status}",
        f"the webhook answered {status}: {text}".rstrip(": "),
        answer=answer_of(answer),
        retry_after=retry_after(answer.headers),
    )


def probe(attempt: Attempt, to: str | None) -> Request:
    """A message without text, which nobody receives."""
    return _request({"text": ""}, attempt)


def probed(answer: Response | Failure) -> Outcome:
    """Whether it is refused for its text alone."""
    if isinstance(answer, Failure):
        return of_failure(Failure(answer.code, answer.message, False, answer.refused, answer.connection))
    if answer.status in (400, 500) and answer.text.strip() in _WITHOUT_TEXT:
        return Outcome("ok", {"provider": "slack_webhook"}, answer=answer_of(answer))
    return outcome(answer)


def _request(body: Mapping[str, Any], attempt: Attempt) -> Request:
    secrets = attempt.connection.secrets
    try:
        check({}, secrets)
    except ValueError as error:
        raise Unsendable(str(error), "not_configured") from None
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=float)
    headers = {"content-type": "application/json; charset=utf-8", "user-agent": "pgwhen"}
    trusted = attempt.connection.tenant == "default"
    return Request("POST", secrets["url"].strip(), headers, content, attempt.timeout, trusted)


def _class(status: int, code: str) -> Class:
    if status == 429:
        return "throttled"
    if status >= 500 or status == 408:
        return "uncertain"
    if status == 400 or code in _PAYLOAD:
        # A webhook that is switched off says so with 400 too.
        return "auth" if code in ("no_service", "no_service_id", "no_team", "no_active_hooks") else "permanent"
    return "auth" if status in (401, 403, 404, 410) else "permanent"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
