"""What became of an attempt: the answer of a server, or how none came, and the class that follows from it.

The classes (docs/delivery.md): ``ok``; ``permanent`` (will never work); ``transient`` (nothing was done, try
again); ``throttled`` (try again, later); ``auth`` (the connection is wrong, not the message); ``uncertain`` (it was
written, and nobody knows whether it was done).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Literal

from .templates import loads

Class = Literal["ok", "permanent", "transient", "throttled", "auth", "uncertain"]

#: Seconds; longer waits that a server asks for are cut to this.
MAX_RETRY_AFTER = 86_400.0

#: Characters of what a server said that are kept in the history.
MAX_ANSWER = 2_000

_NUMBER = re.compile(r"\d{1,12}(\.\d+)?")
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. ``timeout`` is in seconds for all of it; ``trusted`` frees it from the address guard."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 30.0
    trusted: bool = False


@dataclass(frozen=True)
class Response:
    """An HTTP answer: header names in lower case, the body cut at a limit (``truncated``)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    truncated: bool = False

    @cached_property
    def text(self) -> str:
        """The body as text; what is not text in its charset, and NUL, is replaced."""
        match = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            text = self.body.decode(match[1] if match else "utf-8", "replace")
        except LookupError:
            text = self.body.decode("utf-8", "replace")
        return clean_text(text)

    @cached_property
    def json(self) -> Any:
        """The body as JSON with exact numbers; None when it is not JSON."""
        try:
            return _clean(loads(self.text))
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer. ``sent`` says whether bytes of the message may have left; ``refused`` that we did not want to send;
    ``connection`` that the connection is set up wrongly.
    """

    code: str
    message: str
    sent: bool = False
    refused: bool = False
    connection: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an attempt. ``retry_after`` is in seconds; ``error`` is {code, message}, None when ok; ``extra``
    goes to the database beside them (extra of action_report).
    """

    class_: Class
    output: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    answer: dict[str, Any] | None = None
    provider_message_id: str | None = None
    retry_after: float | None = None
    extra: dict[str, Any] | None = None


def failed(class_: Class, code: str, message: str, **more: Any) -> Outcome:
    """An outcome that is not ok."""
    return Outcome(class_, error={"code": code, "message": clean_text(message[:MAX_ANSWER])}, **more)


def of_failure(failure: Failure) -> Outcome:
    """What follows when no answer came: before the first byte it is safe to try again."""
    if failure.refused or failure.connection:
        return failed("permanent" if failure.refused else "auth", failure.code, failure.message)
    return failed("uncertain" if failure.sent else "transient", failure.code, failure.message)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The header Retry-After in seconds: an integer, a fraction or an HTTP date (RFC 9110, 10.2.3), at most a day."""
    value = headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(value):
        return min(float(value), MAX_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    seconds = (at - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def answer_of(response: Response) -> dict[str, Any]:
    """What the history keeps of an answer."""
    return {"status": response.status, "body": response.text[:MAX_ANSWER]}


def clean_text(text: str) -> str:
    """Text that ``jsonb`` can hold: without NUL and halves of surrogate pairs."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _clean(value: Any) -> Any:
    """JSON that ``jsonb`` can hold: numbers that numeric cannot are text."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
        raise ValueError("NaN and Infinity are not JSON")
    if isinstance(value, Decimal) and (abs(value.adjusted()) > 1_000 or len(value.as_tuple().digits) > 10_000):
        return str(value)
    return value
