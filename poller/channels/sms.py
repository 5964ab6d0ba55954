"""What the SMS providers share: the message that is frozen, ``{from, to, text}``, the number in E.164."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import SENDERS, Connection, Unsendable

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_WRITTEN = re.compile(r"[\s().\u00a0\u202f/-]")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    to, text = definition.get("to"), definition.get("text")
    sender = definition.get("from") or connection.sender
    if to is None or to == "":
        raise Unsendable("to is missing: the message has no recipient", "recipient")
    number = _WRITTEN.sub("", to) if isinstance(to, str) else ""
    if not _E164.fullmatch(number):
        raise Unsendable(f"to: {to!r} is not a phone number in E.164 form (+31612345678)", "recipient")
    if not isinstance(text, str) or not text.strip():
        raise Unsendable("text is missing: the message is empty")
    if not isinstance(sender, str) or not sender.isprintable():
        raise Unsendable("from is not a number or a name")
    if not sender:
        raise Unsendable(f"from is missing: set {SENDERS[connection.name]}, or from in the step", "not_configured")
    return {"from": sender.strip(), "to": number, "text": text}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """The number that a message goes to."""
    return [message["to"]]
