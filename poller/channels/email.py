"""What the e-mail providers share: addresses, and the message that is frozen.

A frozen e-mail: ``{from, to, cc, bcc, reply_to, subject, text, html, headers, message_id, date}``; to, cc, bcc and
reply_to are lists, what is not given is left out. Addresses are ``a@example.com`` or ``Name <a@example.com>``.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from . import SENDERS, Connection, Unsendable

_LOCAL = r"[^\s@<>(),;:\"\\\[\]\x00-\x20\x7f]{1,64}"
_DOMAIN = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(f"{_LOCAL}@{_DOMAIN}")
_NAMED = re.compile(r"(?P<name>.*?)\s*<\s*(?P<address>[^<>]+?)\s*>", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")

#: Headers that other keys decide, or that only mail servers write.
_OWN = {
    *("from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id"),
    *("mime-version", "auto-submitted", "received", "return-path"),
}


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    sender = _one(definition.get("from") or connection.sender, "from")
    if not sender:
        raise Unsendable(f"from is missing: set {SENDERS[connection.name]}, or from in the step", "not_configured")
    to = _several(definition.get("to"), "to")
    if not to:
        raise Unsendable("to is missing: the message has no recipient", "recipient")
    subject = str(definition.get("subject") or "").strip()
    if not subject:
        raise Unsendable("subject is missing")
    if not definition.get("text") and not definition.get("html"):
        raise Unsendable("text is missing: the message needs text or html")
    found = {
        "from": sender,
        "to": to,
        "cc": _several(definition.get("cc"), "cc"),
        "bcc": _several(definition.get("bcc"), "bcc"),
        "reply_to": _several(definition.get("reply_to"), "reply_to"),
        "subject": _line(subject, "subject"),
        "text": definition.get("text"),
        "html": definition.get("html"),
        "headers": _headers(definition.get("headers") or {}),
        # RFC 5322: an identifier of dots and atoms; the same for every attempt, so that receivers can see a repetition.
        "message_id": f"<{key.replace(':', '.')}@{split(sender)[1].rpartition('@')[2]}>",
        "date": format_datetime(now),
    }
    return {name: value for name, value in found.items() if value}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """The addresses that a message goes to, each once, without names."""
    named = (address for field in ("to", "cc", "bcc") for address in message.get(field, ()))
    return list(dict.fromkeys(split(address)[1] for address in named))


def split(address: str) -> tuple[str, str]:
    """Name ("" for none) and address of what ``message`` froze."""
    match = _NAMED.fullmatch(address)
    if not match:
        return "", address
    name = match["name"].strip()
    if name.startswith('"') and name.endswith('"') and len(name) > 1:
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, match["address"]


def _several(value: Any, key: str) -> list[str]:
    """Addresses: each value is one, whatever commas it contains, so that a row cannot add a recipient."""
    parts = value if isinstance(value, list) else [value]
    texts = [_string(part, key) for part in parts if part is not None]
    return [_address(text, key) for text in texts if text.strip()]


def _one(value: Any, key: str) -> str:
    found = _several(value, key)
    if len(found) > 1:
        raise Unsendable(f"{key} takes one address, not {len(found)}", "recipient")
    return found[0] if found else ""


def _string(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise Unsendable(f"{key} is not an address, or a list of addresses", "recipient")
    return value


def _address(text: str, key: str) -> str:
    _line(text.strip(), key)
    name, address = split(text.strip())
    local, _, domain = address.rpartition("@")
    if not _ADDRESS.fullmatch(address) or len(address) > 254 or local.startswith(".") or ".." in local:
        raise Unsendable(f"{key}: {text.strip()[:100]!r} is not an e-mail address", "recipient")
    address = f"{local}@{domain.lower()}"
    if not name:
        return address
    if re.search(r"[^\w !#$%&'*+/=?^`{|}~-]", name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{address}>"


def _line(text: str, key: str) -> str:
    if _CONTROL.search(text):
        raise Unsendable(f"{key} contains a line break or another control character")
    return text


def _headers(headers: Any) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise Unsendable("headers is not an object of names and values")
    found = {}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN or name.lower().startswith("content-"):
            raise Unsendable(f"headers: {name[:80]!r} cannot be set")
        if value is not None:
            found[name] = _line(str(value), f"headers.{name}")
    return found
