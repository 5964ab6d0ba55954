"""The message of a push message: ``{to | topic, title, text, image, data, options}``; what is not given is left out.

``to`` is the registration token of a device, ``data`` names and texts for the application, ``options`` what the
provider takes besides, by platform.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ..templates import dumps
from . import Connection, Unsendable

KEYS: Mapping[str, str] = {
    "to": "value",
    "topic": "text",
    "title": "text",
    "text": "text",
    "image": "url",
    "data": "json",
    "options": "json",
}

_TOKEN = re.compile(r"[!-~]{8,4096}")
_TOPIC = re.compile(r"[A-Za-z0-9_.~%-]{1,900}")
_DATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    found = {
        **_target(definition.get("to"), definition.get("topic")),
        "title": _text(definition.get("title"), "title"),
        "text": _text(definition.get("text"), "text"),
        "image": _image(definition.get("image")),
        "data": _data(definition.get("data")),
        "options": _options(definition.get("options")),
    }
    if not found["title"] and not found["text"] and not found["data"]:
        raise Unsendable("text is missing: the message needs text, title or data")
    return {name: value for name, value in found.items() if value}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """The token of the device that a message goes to; none for a topic."""
    return [message["to"]] if "to" in message else []


def _target(to: Any, topic: Any) -> dict[str, str]:
    if to and topic:
        raise Unsendable("to and topic are both given; a message goes to a device or to a topic")
    if topic:
        name = str(topic).strip().removeprefix("/topics/")
        if not _TOPIC.fullmatch(name):
            raise Unsendable(
                f"topic: {name[:100]!r} is not the name of a topic (letters, digits, - _ . ~ %)", "recipient"
            )
        return {"topic": name}
    if to is None or to == "":
        raise Unsendable("to is missing: the message has no recipient", "recipient")
    if not isinstance(to, str) or not _TOKEN.fullmatch(to.strip()):
        raise Unsendable(f"to: {repr(to)[:40]} is not a registration token", "recipient")
    return {"to": to.strip()}


def _text(value: Any, key: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unsendable(f"{key} is not a text")
    return value.strip()


def _image(value: Any) -> str:
    url = _text(value, "image")
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname or not url.isprintable()):
        raise Unsendable(f"image: {url[:100]!r} is not an http or https URL")
    return url


def _data(value: Any) -> dict[str, str]:
    """Names and texts; other values as JSON, null is left out."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unsendable("data is not an object of names and texts")
    for name in value:
        if not _DATA_NAME.fullmatch(name):
            raise Unsendable(f"data: {name[:100]!r} is not a name (letters, digits, _ . -)")
    return {name: item if isinstance(item, str) else dumps(item) for name, item in value.items() if item is not None}


def _options(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Unsendable("options is not an object")
    return dict(value)
