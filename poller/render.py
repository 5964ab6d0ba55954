"""An action's definition and context become the message that is frozen, by the templates of each key.

What a key is rendered with is the step's context; what a stored template says (``extra.template`` of the action) is
rendered with the variables that the step gives it, and nothing else.

RenderError     the step fails; code and message name the step, the key and what is missing
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from . import markdown, templates
from .channels import PROVIDERS, Connection, Unsendable, adapter, channel_module
from .channels.email import split
from .connections import Connections
from .templates import Formats
from .unsubscribe import link as unsubscribe_link

#: How a key is rendered: as one template for a target (templates.TARGETS), as addresses, as a value that may not be
#: missing, as JSON whose strings are templates (chat_json: with values that mention nobody), as headers with or without
#: secrets, as JSON whose strings may hold secrets, as Markdown that becomes both text and html.
KINDS = (
    *("text", "html", "header", "url", "chat", "markdown", "addresses", "value", "json", "chat_json"),
    *("headers", "secret_headers", "secrets"),
)

#: Keys that are rendered alike whatever the channel is.
_KEYS = {"markdown": "markdown", "preheader": "text"}

#: Keys that say how the others are rendered.
_ABOUT = ("locale", "timezone", "template", "variables")
_PEOPLE = ("to", "cc", "bcc")

#: Cuts a template at its commas, not at those in expressions or quotes.
_PART = re.compile(r"""(?:\{\{.*?\}\}|\{%.*?%\}|"[^"]*"|[^,;])+""", re.DOTALL)
#: The alphabet of SMS has no such spaces: one of them would halve the letters that fit into a message.
_SMS_SPACES = str.maketrans("\u00a0\u202f\u2009", "   ")
_URL = re.compile(r"(https?://|mailto:|tel:)[^\s<>\"]{1,2000}", re.IGNORECASE)


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


def render(action: Mapping[str, Any], connections: Connections, now: datetime) -> Rendered:
    """Render a claimed action. Raises RenderError."""
    step, type_ = action["step_id"], action["type"]
    channel = str(type_)
    if channel not in PROVIDERS:
        raise RenderError("type", f"step {step}: this poller does not know the type {type_}; upgrade it")
    definition, template = definition_of(action)
    if channel == "webhook":
        definition.setdefault("event", action.get("workflow"))
    try:
        connection = connections.choose(channel, definition.get("connection"), action.get("tenant") or "default")
        message = adapter(connection.provider).message(definition, connection, action["idempotency_key"], now)
        if channel == "http":
            message["timeout"] = action["timeout_seconds"]
    except Unsendable as error:
        raise RenderError(error.code, f"step {step}: {error}") from error
    if template:
        message["template"] = template
    return Rendered(channel, connection, recipients_of(channel, message), message)


def definition_of(action: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The rendered definition of an action, and which stored template was used: {id, version, locale}.

    Raises RenderError.
    """
    step, channel = action["step_id"], str(action["type"])
    definition, context = action["definition"] or {}, action["context"] or {}
    extra = action.get("extra") or {}
    own = {key: value for key, value in definition.items() if key not in _ABOUT}
    formats = _formats(step, definition, context)

    found = _each(step, channel, {key: own[key] for key in _PEOPLE if key in own}, context, formats)
    if link := _unsubscribe_link(channel, found, extra.get("unsubscribe")):
        context = {**context, "unsubscribe_url": link}
    others = {key: value for key, value in own.items() if key not in (*_PEOPLE, "markdown")}
    found |= _each(step, channel, others, context, formats)
    body, used = own.get("markdown"), None
    if "template" in definition:
        texts, variables, used = _stored(step, channel, definition, context, extra, formats)
        formats = _formats_of(used["locale"], formats)
        variables |= {"unsubscribe_url": link} if link else {}
        missing = {key: text for key, text in texts.items() if key not in own and key != "markdown"}
        found = _each(f"{step}, template {used['id']}", channel, missing, variables, formats) | found
        if body is None and "markdown" in texts:
            body, context, step = texts["markdown"], variables, f"{step}, template {used['id']}"
    if body is not None:
        found = _bodies(step, channel, body, context, formats, found) | found
    found.pop("preheader", None)
    for name in ("locale", "timezone"):
        if name in definition or (channel, name) == ("calendar", "timezone"):
            found[name] = formats.locale if name == "locale" else formats.zone
    if link:
        found["unsubscribe"] = link
    return found, used


def recipients_of(channel: str, message: Mapping[str, Any]) -> list[str]:
    """The addresses that a message goes to."""
    return channel_module(channel).recipients(message)


# ---------------------------------------------------------------- keys


def _each(
    step: str, channel: str, sources: Mapping[str, Any], context: Mapping[str, Any], formats: Formats
) -> dict[str, Any]:
    found = {}
    for key, value in sources.items():
        try:
            found[key] = _renderer(channel, key)(value, context, formats)
        except templates.TemplateError as error:
            raise RenderError("template", f"step {step}, {key}: {error}") from error
    return found


def _renderer(channel: str, key: str) -> Callable[[Any, Mapping[str, Any], Formats], Any]:
    """What renders a key; a key that is not a template stays as it is."""
    match channel_module(channel).KEYS.get(key, _KEYS.get(key)):
        case "text" if channel == "sms" and key == "text":
            return lambda value, context, formats: templates.render(
                _template(value), context, "text", formats
            ).translate(_SMS_SPACES)
        case "text" | "html" | "header" | "url" | "chat" as target:
            return lambda value, context, formats: templates.render(_template(value), context, target, formats)
        case "addresses":
            return _addresses
        case "value":
            return lambda value, context, formats: templates.render_value(value, context, True, formats)
        case "json":
            return lambda value, context, formats: templates.render_value(value, context, False, formats)
        case "chat_json":
            return lambda value, context, formats: templates.render_value(value, context, False, formats, "chat_value")
        case "headers":
            return lambda value, context, formats: _headers(_header, value, context, formats)
        case "secret_headers":
            return lambda value, context, formats: _headers(templates.render_header, value, context, formats)
        case "secrets":
            return _secrets
    return lambda value, _context, _formats: value


def _headers(
    render: Callable[..., Any], headers: Mapping[str, Any], context: Mapping[str, Any], formats: Formats
) -> dict[str, Any]:
    found = {}
    for name, text in headers.items():
        if text is None:
            continue
        try:
            found[name] = render(_template(text), context, formats)
        except templates.TemplateError as error:
            raise templates.TemplateError(f"{name}: {error}") from error
    return found


def _header(source: str, context: Mapping[str, Any], formats: Formats) -> str:
    return templates.render(source, context, "header", formats)


def _secrets(value: Any, context: Mapping[str, Any], formats: Formats) -> Any:
    """JSON whose strings are templates that may name secrets; these stay references."""
    if isinstance(value, str):
        return templates.render_header(value, context, formats)
    if isinstance(value, Mapping):
        return {key: _secrets(item, context, formats) for key, item in value.items()}
    return [_secrets(item, context, formats) for item in value] if isinstance(value, list) else value


def _template(value: Any) -> str:
    """YAML makes numbers of what looks like one: ``subject: 2024``."""
    return value if isinstance(value, str) else templates.dumps(value)


def _addresses(value: Any, context: Mapping[str, Any], formats: Formats) -> list[Any]:
    """Each template between commas gives an address, or a list of addresses."""
    sources = [part for item in (value if isinstance(value, list) else [value]) for part in _PART.findall(item or "")]
    found: list[Any] = []
    for source in sources:
        result = templates.render_value(source.strip(), context, required=True, formats=formats)
        found += result if isinstance(result, list) else [result]
    return found


def _bodies(
    step: str,
    channel: str,
    source: Any,
    context: Mapping[str, Any],
    formats: Formats,
    found: Mapping[str, Any],
) -> dict[str, str]:
    try:
        bodies = markdown.render(
            _template(source),
            context,
            formats,
            title=str(found.get("subject") or found.get("title") or ""),
            preheader=str(found.get("preheader") or ""),
            unsubscribe=str(context.get("unsubscribe_url") or ""),
            page=channel == "document",
        )
    except templates.TemplateError as error:
        raise RenderError("template", f"step {step}, markdown: {error}") from error
    return bodies._asdict()


# ---------------------------------------------------------------- locale, time zone, unsubscribing


def _formats(step: str, definition: Mapping[str, Any], context: Mapping[str, Any]) -> Formats:
    """The first locale that is there, of those that the step, its workflow and its tenant say."""
    wanted = definition.get("locale")
    try:
        found = templates.render_value(wanted if isinstance(wanted, list) else [wanted], context)
    except templates.TemplateError as error:
        raise RenderError("template", f"step {step}, locale: {error}") from error
    locale = next((one.strip() for one in found if isinstance(one, str) and one.strip()), "en")
    return Formats(locale, str(definition.get("timezone") or "UTC"))


def _formats_of(locale: str, formats: Formats) -> Formats:
    """What a text is written in decides how its numbers are; a reader's own country may say more of that."""
    return formats if _tag(locale)[0] == _tag(formats.locale)[0] else formats._replace(locale=locale)


def _tag(locale: str) -> list[str]:
    return re.split("[-_]", re.split("[.@]", locale.lower())[0])


def best_locale(locales: Mapping[str, Any], wanted: str) -> str:
    """Which of the locales of a text is taken: the same, the same language, English, the first."""
    asked = _tag(wanted)
    for length in (None, 1):
        for locale in locales:
            if _tag(locale) == asked[:length]:
                return locale
    same = [[locale for locale in locales if _tag(locale)[0] == language] for language in (asked[0], "en")]
    return [*same[0], *same[1], *locales][0]


def _unsubscribe_link(channel: str, found: Mapping[str, Any], grant: Any) -> str | None:
    """Who gets a message alone gets a link of their own."""
    people = [one for key in _PEOPLE for one in _several(found.get(key))]
    if not grant or len(people) != 1 or not isinstance(people[0], str):
        return None
    return unsubscribe_link(grant, split(people[0])[1] if channel == "email" else people[0])


def _several(value: Any) -> list[Any]:
    return [one for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]


# ---------------------------------------------------------------- stored templates


def _stored(
    step: str,
    channel: str,
    definition: Mapping[str, Any],
    context: Mapping[str, Any],
    extra: Mapping[str, Any],
    formats: Formats,
) -> tuple[Mapping[str, Any], dict[str, Any], dict[str, Any]]:
    """The texts of a stored template in one locale, the variables that they see, and which it is."""
    name, stored = definition["template"], extra.get("template")
    if not stored:
        raise RenderError("template", f"step {step}: there is no stored template {name}; pgwhen messages apply adds it")
    locales = (stored.get("channels") or {}).get(channel)
    if not locales:
        raise RenderError("template", f"step {step}: the stored template {name} has no texts for {channel}")
    locale = best_locale(locales, formats.locale)
    try:
        given = templates.render_value(definition.get("variables") or {}, context, False, formats)
    except templates.TemplateError as error:
        raise RenderError("template", f"step {step}, variables: {error}") from error
    used = {"id": stored.get("message", name), "version": stored["version"], "locale": locale}
    try:
        return locales[locale], checked_variables(stored.get("variables") or {}, given), used
    except templates.TemplateError as error:
        raise RenderError("template", f"step {step}, template {name}: {error}") from error


def checked_variables(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that a stored template sees. Raises TemplateError for what is missing or of another type."""
    found = {}
    for name, spec in declared.items():
        value = given.get(name)
        if value is None or value == "":
            if spec.get("required", True):
                raise templates.TemplateError(f"the variable {name} is missing: {spec.get('description') or 'no text'}")
            continue
        type_ = spec.get("type", "text")
        if not _TYPES[type_](value):
            shown = value if isinstance(value, str) else templates.dumps(value)
            raise templates.TemplateError(f"the variable {name} is not a {type_}: {shown[:60]!r}")
        found[name] = value
    return found


def _is_number(value: Any) -> bool:
    is_text = isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,60}(\.\d{1,60})?", value.strip())
    return bool(is_text) or (isinstance(value, (int, float, Decimal)) and not isinstance(value, bool))


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and bool(re.match(r"\d{4}-\d\d-\d\d", value))


#: The types of variables, as message_templates has them.
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, (str, int, float, Decimal)),
    "number": _is_number,
    "date": _is_moment,
    "datetime": _is_moment,
    "boolean": lambda value: isinstance(value, bool),
    "url": lambda value: isinstance(value, str) and bool(_URL.fullmatch(value)),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}
