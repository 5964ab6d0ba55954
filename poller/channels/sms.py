"""What the SMS providers share: numbers, senders, the count of segments, and the message that is frozen.

A frozen SMS: ``{from, to, text, segments, encoding}``; ``from`` is absent where the provider's side decides it.
Sender: a number in E.164, a short code, or a name of up to 11 letters and digits (3GPP TS 23.040, 9.1.2.5).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from ..outcome import Failure, Outcome, Response, answer_of, failed, of_failure, retry_after
from ..segments import Segments, segments
from . import Connection, Unsendable, set_sender

KEYS = {"from": "header", "to": "value", "text": "text"}

#: Messages that a text may be split into where the connection does not say.
MAX_SEGMENTS = 10

#: Settings that all providers of text messages have.
SETTINGS = {"max_segments": f"messages that one text may become at most; {MAX_SEGMENTS} unless set"}
CALLBACK = {"callback_url": "address that the provider tells what became of a message"}

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_WRITTEN = re.compile(r"[\s().\u00a0\u202f/-]")
_COUNT = re.compile(r"[1-9][0-9]{0,2}")
_DIGITS = re.compile(r"\+?\d{3,15}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_.-]{1,11}")


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The message to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    given = definition.get("from") or connection.sender
    if given and not isinstance(given, str):
        raise Unsendable("from is not a number or a name")
    if not given or not given.strip():
        raise Unsendable(f"from is missing: {set_sender(connection)}, or from in the step", "not_configured")
    return {"from": sender(given), **content(definition, connection)}


def content(definition: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    """Number and text of a message, with what the text costs. Raises Unsendable."""
    to, text = definition.get("to"), definition.get("text")
    if to is None or to == "":
        raise Unsendable("to is missing: the message has no recipient", "recipient")
    number = _WRITTEN.sub("", to) if isinstance(to, str) else ""
    if not _E164.fullmatch(number):
        raise Unsendable(f"to: {_short(to)} is not a phone number in E.164 form (+31612345678)", "recipient")
    if not isinstance(text, str) or not text.strip():
        raise Unsendable("text is missing: the message is empty")
    size, limit = segments(text), max_segments(connection.settings)
    if size.count > limit:
        raise Unsendable(_too_long(size, limit, connection.name), "too_long")
    return {"to": number, "text": text, "segments": size.count, "encoding": size.encoding}


def sender(text: str) -> str:
    """A sender as providers take it. Raises Unsendable."""
    text = text.strip()
    number = _WRITTEN.sub("", text)
    if _DIGITS.fullmatch(number):
        return number
    if not _NAME.fullmatch(text):
        raise Unsendable(
            f"from: {_short(text)} is not a number, a short code, or a name of up to 11 letters and digits"
        )
    return text


def max_segments(settings: Mapping[str, str]) -> int:
    """The setting max_segments. Raises Unsendable."""
    value = str(settings.get("max_segments") or MAX_SEGMENTS)
    if not _COUNT.fullmatch(value) or int(value) > 255:
        raise Unsendable(f"the setting max_segments is {value[:20]!r}, not a number from 1 to 255", "not_configured")
    return int(value)


def check_settings(settings: Mapping[str, str]) -> None:
    """Look at the settings alone. Raises ValueError."""
    if settings.get("from"):
        sender(settings["from"])
    check(settings, {})


def check(settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Whether the settings of a connection make sense. Raises ValueError."""
    max_segments(settings)
    url = settings.get("callback_url", "")
    if url and (not url.isprintable() or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ValueError(f"callback_url: {url[:100]!r} is not an http or https URL")


def callback(connection: Connection, key: str) -> str | None:
    """Where the provider tells what became of the message of a key; None where the connection has no callback_url."""
    url = connection.settings.get("callback_url")
    if not url:
        return None
    return f"{url}{'&' if urlsplit(url).query else '?'}pgwhen={quote(key, safe='')}"


def recipients(message: Mapping[str, Any]) -> list[str]:
    """The number that a message goes to."""
    return [message["to"]]


def probed(provider: str, answer: Response | Failure, refused: Outcome, what: Mapping[str, Any]) -> Outcome:
    """What the answer to a question means that changes nothing: 200 is ok and says ``what``, others as ``refused``,
    but that a server with a problem can be asked again.
    """
    if isinstance(answer, Failure):
        return of_failure(Failure(answer.code, answer.message, False, answer.refused, answer.connection))
    if 200 <= answer.status < 300:
        return Outcome("ok", {"provider": provider, **what}, answer=answer_of(answer))
    if refused.class_ == "uncertain":
        error = refused.error or {}
        return failed("transient", error["code"], error["message"], answer=refused.answer)
    return refused


def pause(answer: Response) -> float | None:
    """Seconds that the provider asks for."""
    return retry_after(answer.headers)


def _too_long(size: Segments, limit: int, connection: str) -> str:
    text = f"text becomes {size.count} messages, more than the {limit} that the connection {connection} allows"
    if size.foreign:
        text += f"; {size.foreign[:10]!r} makes it Unicode, 67 characters a message in place of 153"
    return f"{text}: shorten it, or raise its setting max_segments"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."
