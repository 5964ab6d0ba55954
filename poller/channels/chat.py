"""What the chat providers share: the message that is frozen, ``{to, text, blocks, thread}``; what is not given is left
out. ``text`` is mrkdwn, Slack's markup, and is shown where blocks are not (in notifications); ``blocks`` is Block Kit.

Values in both are escaped when they are rendered (render.py, kinds chat and chat_json): ``&``, ``<`` and ``>`` are
written as ``&amp;``, ``&lt;`` and ``&gt;``, so that ``<!channel>`` or ``<@U123>`` from a row mentions nobody. In
addresses and identifiers of blocks, and in rich_text, where Slack reads no markup, that is undone here.
Source: docs.slack.dev (formatting message text; block kit: limits of the blocks), api.slack.com/reference/surfaces.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import Connection, Unsendable

KEYS: Mapping[str, str] = {"to": "text", "text": "chat", "blocks": "chat_json", "thread": "text"}

MAX_BLOCKS = 50
MAX_TEXT = 40_000

#: Characters of a text object, by the type of its block, and how many fields or elements a block has.
_MAX_TEXTS = {"section": 3_000, "header": 150, "markdown": 12_000}
_MAX_FIELD = 2_000
_MAX_PARTS = {"fields": 10, "context": 10, "actions": 25}

_THREAD = re.compile(r"\d{1,12}\.\d{1,9}")
_CHANNEL = re.compile(r"[#@]?[^\s#@<>&,]{1,80}")

#: Keys of blocks that are no text for people.
_PLAIN_KEYS = frozenset(
    ("url", "image_url", "video_url", "thumbnail_url", "title_url", "value", "action_id", "block_id")
)


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    to, text = definition.get("to"), definition.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Unsendable("text is missing: a message needs it with blocks too, for notifications")
    if len(text) > MAX_TEXT:
        raise Unsendable(f"text has {len(text)} characters, more than {MAX_TEXT}", "too_long")
    found = {
        "to": _channel(to) if to else None,
        "text": text,
        "blocks": _blocks(definition.get("blocks")),
        "thread": _thread(definition.get("thread")),
    }
    return {name: value for name, value in found.items() if value}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """The channel that a message goes to; none where the connection decides it."""
    return [message["to"]] if message.get("to") else []


def _channel(value: Any) -> str:
    if not isinstance(value, str) or not _CHANNEL.fullmatch(value.strip()) or not value.strip().isprintable():
        raise Unsendable(f"to: {str(value)[:80]!r} is not the id or the name of a channel", "recipient")
    return value.strip()


def _thread(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _THREAD.fullmatch(value.strip()):
        raise Unsendable(f"thread: {str(value)[:40]!r} is not the id of a message (1700000000.000100)")
    return value.strip()


def _blocks(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(block, Mapping) for block in value):
        raise Unsendable("blocks is not a list of blocks")
    if len(value) > MAX_BLOCKS:
        raise Unsendable(f"blocks: {len(value)} blocks are more than {MAX_BLOCKS}", "too_long")
    for place, block in enumerate(value):
        _check_block(block, f"blocks[{place}]")
    return [_plain(block, reads_markup=block["type"] != "rich_text") for block in value]


def _check_block(block: Mapping[str, Any], place: str) -> None:
    kind = block.get("type")
    if not isinstance(kind, str) or not kind:
        raise Unsendable(f"{place} has no type")
    _check_text(block.get("text"), _MAX_TEXTS.get(kind, 0), f"{place}.text")
    for name, most in (("fields", _MAX_PARTS["fields"]), ("elements", _MAX_PARTS.get(kind, 0))):
        parts = block.get(name)
        if isinstance(parts, list) and most and len(parts) > most:
            raise Unsendable(f"{place}.{name}: {len(parts)} are more than {most}", "too_long")
    fields = block.get("fields")
    for number, field in enumerate(fields if isinstance(fields, list) else []):
        _check_text(field, _MAX_FIELD, f"{place}.fields[{number}]")


def _check_text(value: Any, most: int, place: str) -> None:
    text = value.get("text") if isinstance(value, Mapping) else value
    if isinstance(text, str) and most and len(text) > most:
        raise Unsendable(f"{place} has {len(text)} characters, more than {most}", "too_long")


def _plain(value: Any, reads_markup: bool, key: str = "") -> Any:
    """The same block without escapes where no markup is read."""
    if isinstance(value, Mapping):
        return {name: _plain(item, reads_markup, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, reads_markup, key) for item in value]
    if isinstance(value, str) and (key in _PLAIN_KEYS or not reads_markup):
        return value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return value
