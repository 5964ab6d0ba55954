"""An action's definition and context become the message that is frozen, by the templates of each key.

RenderError     the step fails; code and message name the step, the key and what is missing
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import templates
from .channels import CHANNELS, Connection, Unsendable, adapters, choose
from .channels import email as _email
from .channels import sms as _sms

#: The target of each key that is one template (templates.TARGETS).
_TARGETS = {
    "email": {"from": "header", "subject": "header", "text": "text", "html": "html"},
    "sms": {"from": "header", "text": "text"},
    "http": {"url": "url", "body": "text"},
}
#: Keys that are lists of addresses, one each; and keys that are JSON.
_ADDRESSES = {"email": ("to", "cc", "bcc", "reply_to")}
_VALUES = {"sms": ("to",), "http": ("query", "json", "form")}

#: Cuts a template at its commas, not at those in expressions or quotes.
_PART = re.compile(r"""(?:\{\{.*?\}\}|\{%.*?%\}|"[^"]*"|[^,;])+""", re.DOTALL)


class RenderError(ValueError):
    """An action cannot become a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message to freeze, and the connection that it leaves by."""

    channel: str
    connection: Connection
    recipients: list[str]
    message: dict[str, Any]


def render(
    action: Mapping[str, Any], connections: Mapping[str, Connection], environ: Mapping[str, str], now: datetime
) -> Rendered:
    """Render a claimed action. Raises RenderError."""
    step, type_ = action["step_id"], action["type"]
    definition, context = action["definition"] or {}, action["context"] or {}
    channel = CHANNELS.get(type_)
    if channel is None:
        raise RenderError("type", f"step {step}: this poller does not know the type {type_}; upgrade it")
    rendered: dict[str, Any] = {}
    for key, value in definition.items():
        try:
            rendered[key] = _renderer(channel, key)(value, context)
        except templates.TemplateError as error:
            raise RenderError("template", f"step {step}, {key}: {error}") from error
    try:
        connection = choose(channel, rendered.get("connection"), connections, environ)
        message = adapters()[connection.name].message(rendered, connection, action["idempotency_key"], now)
        if channel == "http":
            message["timeout"] = action["timeout_seconds"]
    except Unsendable as error:
        raise RenderError(error.code, f"step {step}: {error}") from error
    return Rendered(channel, connection, recipients_of(channel, message), message)


def recipients_of(channel: str, message: Mapping[str, Any]) -> list[str]:
    """The addresses that a message goes to."""
    if channel == "email":
        return _email.recipients(message)
    return _sms.recipients(message) if channel == "sms" else []


def _renderer(channel: str, key: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    """What renders a key; a key that is not a template stays as it is."""
    if target := _TARGETS[channel].get(key):
        return lambda value, context: templates.render(_template(value), context, target)
    if key in _ADDRESSES.get(channel, ()):
        return _addresses
    if key in _VALUES.get(channel, ()):
        return lambda value, context: templates.render_value(value, context, required=channel == "sms")
    if key == "headers":
        return functools.partial(_headers, templates.render_header if channel == "http" else _header)
    return lambda value, _: value


def _headers(render: Callable[..., Any], headers: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, text in headers.items():
        if text is None:
            continue
        try:
            found[name] = render(_template(text), context)
        except templates.TemplateError as error:
            raise templates.TemplateError(f"{name}: {error}") from error
    return found


def _header(source: str, context: Mapping[str, Any]) -> str:
    return templates.render(source, context, "header")


def _template(value: Any) -> str:
    """YAML makes numbers of what looks like one: ``subject: 2024``."""
    return value if isinstance(value, str) else templates.dumps(value)


def _addresses(value: Any, context: Mapping[str, Any]) -> list[Any]:
    """Each template between commas gives an address, or a list of addresses."""
    sources = [part for item in (value if isinstance(value, list) else [value]) for part in _PART.findall(item or "")]
    found: list[Any] = []
    for source in sources:
        result = templates.render_value(source.strip(), context, required=True)
        found += result if isinstance(result, list) else [result]
    return found
