"""What the e-mail providers share: addresses, attachments, and the message that is frozen.

A frozen e-mail: ``{from, to, cc, bcc, reply_to, subject, text, html, headers, unsubscribe, attachments, documents,
message_id, date}``; to, cc, bcc and reply_to are lists, what is not given is left out. Addresses are ``a@example.com``
or ``Name <a@example.com>``. ``unsubscribe`` is a URL. An attachment is ``{file, media_type}`` with ``text``, or with
``document``, the id of a stored one; ``documents`` are these ids, whose contents come with the verdict of the freeze.

Providers that call back get our key in the form of ``reference``: ``<execution>_<generation>_<part>_<step>``, as the
tag ``pgwhen`` (Resend), the custom argument ``pgwhen`` (SendGrid) and the variable ``pgwhen`` (Mailgun).

An adapter that sends many messages in one call has beside ``request`` and ``outcome``

    BATCH                                       the most messages in a call
    KEYED                                       whether the same call with the same key is done once
    batch_with(message)                         messages with equal values may leave in one call; None leaves alone
    batch_request(messages, keys, attempt)      the call; keys are the messages', the attempt's is the call's
    batch_outcomes(answer, messages)            what became of each; None when the call was refused as a whole because
                                                of what is in it, so that nothing of it was taken
"""

import base64
import contextlib
import mimetypes
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Protocol, cast
from uuid import UUID

from ..outcome import Outcome, Request
from . import Attempt, Connection, Unsendable, adapter, set_sender

KEYS = {
    **dict.fromkeys(("to", "cc", "bcc", "reply_to"), "addresses"),
    "from": "header",
    "subject": "header",
    "text": "text",
    "html": "html",
    "headers": "headers",
    "attachments": "json",
}

#: Bytes of all attachments of a message together. Providers take 25 (Mailgun) to 40 MB (Resend) of the encoded message.
MAX_ATTACHMENTS = 25_000_000

#: What a text that names no file type is, and a document whose type nobody said.
TEXT, BYTES = "text/plain", "application/octet-stream"

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

_URL = re.compile(r"https?://[!-;=?-~]{1,2000}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w.+-]*(; ?[A-Za-z0-9-]+=[\w.+-]+)*", re.ASCII)

#: The types that Python knows itself, not those of this machine's files.
_TYPES = mimetypes.MimeTypes()


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its content."""

    name: str
    media_type: str
    content: bytes


class BatchAdapter(Protocol):
    """What an adapter with calls of many messages offers beside the rest."""

    BATCH: int
    KEYED: bool

    def batch_with(self, message: Mapping[str, Any]) -> Hashable | None:
        """Messages with equal values may leave in one call."""

    def batch_request(self, messages: Sequence[Mapping[str, Any]], keys: Sequence[str], attempt: Attempt) -> Request:
        """The call."""

    def batch_outcomes(self, answer: Any, messages: Sequence[Mapping[str, Any]]) -> list[Outcome] | None:
        """What became of each."""


def batch_adapter(provider: str) -> BatchAdapter | None:
    """The adapter of a provider that sends many messages in one call, else None."""
    found = adapter(provider)
    return cast(BatchAdapter, found) if hasattr(found, "BATCH") else None


def batch_limit(connection: Connection) -> int:
    """The most messages in a call of a connection: its setting ``batch``, at most what the provider takes.

    1 where the setting is no number: ``check`` says so when the connection is used.
    """
    found = batch_adapter(connection.provider)
    try:
        return min(int(connection.settings.get("batch") or found.BATCH), found.BATCH) if found else 1
    except ValueError:
        return 1


def check_batch(settings: Mapping[str, str], most: int) -> None:
    """Look at the setting ``batch``. Raises ValueError."""
    given = str(settings.get("batch") or "1")
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= most):
        raise ValueError(f"batch is {given!r}: it is the most messages in one call, 1 (none together) to {most}")


def check_sender(settings: Mapping[str, str]) -> None:
    """Look at the setting ``from``. Raises ValueError."""
    if settings.get("from"):
        _one(settings["from"], "from")


def check_region(settings: Mapping[str, str]) -> None:
    """Look at the setting ``region``. Raises ValueError."""
    if settings.get("region", "us").lower() not in ("eu", "us"):
        raise ValueError(f"region is {settings['region']!r}; it is eu or us")


def base_of(connection: Connection, eu: str) -> str:
    """The address of the API: the one that was set, else that of the region."""
    in_eu = connection.settings.get("region", "").lower() == "eu" and not connection.settings.get("base_url")
    return eu if in_eu else connection.base


def base64_of(file: File) -> str:
    """The content, for JSON."""
    return base64.b64encode(file.content).decode()


def reference(key: str) -> str:
    """A message's key for what a provider gives back, in letters, digits, _ and - (see above).

    A key that is not a step's (of a test message) only changes its alphabet.
    """
    if key.count(":") != 3:
        return re.sub(r"[^A-Za-z0-9_-]", "_", key)
    execution, step, generation, part = key.split(":")
    return f"{execution}_{generation}_{part}_{step}"


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    sender = _one(definition.get("from") or connection.sender, "from")
    if not sender:
        raise Unsendable(f"from is missing: {set_sender(connection)}, or from in the step", "not_configured")
    to = _several(definition.get("to"), "to")
    if not to:
        raise Unsendable("to is missing: the message has no recipient", "recipient")
    subject = str(definition.get("subject") or "").strip()
    if not subject:
        raise Unsendable("subject is missing")
    if not definition.get("text") and not definition.get("html"):
        raise Unsendable("text is missing: the message needs text or html")
    attachments = _attachments(definition.get("attachments"))
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
        "unsubscribe": _url(definition.get("unsubscribe")),
        "attachments": attachments,
        "documents": sorted({item["document"] for item in attachments if "document" in item}),
        # RFC 5322: an identifier of dots and atoms; the same for every attempt, so that receivers can see a repetition.
        "message_id": f"<{key.replace(':', '.')}@{split(sender)[1].rpartition('@')[2]}>",
        "date": format_datetime(now),
    }
    return {name: value for name, value in found.items() if value}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """The addresses that a message goes to, each once, without names."""
    named = (address for field in ("to", "cc", "bcc") for address in message.get(field, ()))
    return list(dict.fromkeys(split(address)[1] for address in named))


def headers(message: Mapping[str, Any]) -> dict[str, str]:
    """The message's own headers, and those by which a mail program unsubscribes (RFC 2369, RFC 8058)."""
    found = dict(message.get("headers", {}))
    if (url := message.get("unsubscribe")) and not any(name.lower() == "list-unsubscribe" for name in found):
        found["List-Unsubscribe"] = f"<{url}>"
        if url.startswith("https:"):
            found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def files(message: Mapping[str, Any], attempt: Attempt) -> list[File]:
    """The attachments with their contents. Raises Unsendable for a document that is gone, and for too much of it."""
    found = [_file(item, attempt) for item in message.get("attachments", ())]
    _check_size(sum(len(file.content) for file in found))
    return found


def _file(item: Mapping[str, Any], attempt: Attempt) -> File:
    if "text" in item:
        return File(item["file"], item["media_type"], item["text"].encode())
    content = attempt.documents.get(item["document"])
    if content is None:
        raise Unsendable(f"attachments: the document {item['document']} is not stored (any more)", "document")
    suffix, media_type = _kind_of(content)
    return File(item.get("file") or f"document{suffix}", item.get("media_type") or media_type, content)


def _kind_of(content: bytes) -> tuple[str, str]:
    """Ending and media type of a document whose step is not known any more."""
    if content.startswith(b"%PDF-"):
        return ".pdf", "application/pdf"
    return (".ics", "text/calendar") if content.startswith(b"BEGIN:VCALENDAR") else ("", BYTES)


def name_documents(message: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Give attachments of documents the file name and media type that the step which made them put out.

    One that cannot be used is as good as none.
    """
    steps = (context.get("steps") or {}).values()
    made = [step.get("output") for step in steps if isinstance(step, Mapping)]
    outputs = [output for output in made if isinstance(output, Mapping)]
    known = {output["id"]: output for output in outputs if isinstance(output.get("id"), str)}
    for item in message.get("attachments", ()):
        output = known.get(item.get("document"), {})
        for name, check in (("file", _file_name), ("media_type", _media_type)):
            if name not in item and output.get(name):
                with contextlib.suppress(Unsendable):
                    item[name] = check(output[name], "attachments")


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


def _url(value: Any) -> str | None:
    if value and not (isinstance(value, str) and _URL.fullmatch(value)):
        raise Unsendable(f"unsubscribe: {str(value)[:100]!r} is not an http or https URL")
    return value or None


def _attachments(given: Any) -> list[dict[str, str]]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise Unsendable("attachments is not a list")
    found = [_attachment(item, f"attachments[{place}]") for place, item in enumerate(given)]
    _check_size(sum(len(item.get("text", "").encode()) for item in found))
    return found


def _attachment(item: Any, key: str) -> dict[str, str]:
    if not isinstance(item, Mapping) or (item.get("document") is None) == (item.get("text") is None):
        raise Unsendable(f"{key} is not an object with one of document and text")
    stored = item.get("document")
    # {{ steps.quote.output }} says more than its id: what the step put out.
    known: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    file, media_type = item.get("file") or known.get("file"), item.get("media_type") or known.get("media_type")
    found = {}
    if file:
        found["file"] = _file_name(file, f"{key}.file")
    if media_type:
        found["media_type"] = _media_type(media_type, f"{key}.media_type")
    elif file:
        found["media_type"] = _TYPES.guess_type(found["file"])[0] or (TEXT if stored is None else BYTES)
    if stored is None:
        if not file:
            raise Unsendable(f"{key}.file is missing: the text needs the name of a file")
        return found | {"text": _attached(item["text"], key)}
    return found | {"document": _document(known.get("id", stored), key)}


def _attached(text: Any, key: str) -> str:
    if not isinstance(text, str):
        raise Unsendable(f"{key}.text is not a text; to attach data, make it one: {{{{ value | tojson }}}}")
    return text


def _document(value: Any, key: str) -> str:
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise Unsendable(f"{key}.document: {str(value)[:100]!r} is not the id of a stored document") from None


def _file_name(name: Any, key: str) -> str:
    """The last part of a path: a name from a row never says where a file goes."""
    if not isinstance(name, str):
        raise Unsendable(f"{key} is not a text")
    found = str(re.split(r"[/\\]", _line(name, key))[-1]).strip()
    if not found.strip(".") or len(found.encode()) > 255:
        raise Unsendable(f"{key}: {found[:100]!r} is not the name of a file")
    return found


def _media_type(text: Any, key: str) -> str:
    known = _MEDIA_TYPE.fullmatch(text) if isinstance(text, str) else None
    if not known or known[0].lower().startswith(("multipart/", "message/")):
        raise Unsendable(f"{key}: {str(text)[:100]!r} is not a media type like application/pdf")
    return str(known[0])


def _check_size(size: int) -> None:
    if size > MAX_ATTACHMENTS:
        raise Unsendable(
            f"attachments have {size / 1e6:.1f} MB together; a message carries {MAX_ATTACHMENTS / 1e6:.0f} MB at most:"
            " send a link in place of the file"
        )
