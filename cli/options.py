"""What several commands ask for in the same way."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(
    r"(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)", re.IGNORECASE
)


class Since(click.ParamType[Any]):
    """How long ago (2h, 30 minutes, 3d), or a time (2026-11-21, 2026-11-21 12:00, with a zone if it is not this computer's)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        """The text as a timedelta, which the database counts from its clock, or as a datetime with a zone."""
        if isinstance(value, timedelta | datetime):
            return value
        text = value.strip()
        if match := _DURATION.fullmatch(text):
            return timedelta(**{_UNITS[match[2][0].lower()]: int(match[1])})
        try:
            at = datetime.fromisoformat(text)
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time: write 2h, 30 minutes, 3d or 2026-11-21 12:00", param, ctx)


class JsonObject(click.ParamType[Any]):
    """A JSON object; - reads it from stdin."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """The object. Numbers keep all their digits on the way to the database: only their text is checked here."""
        if isinstance(value, dict):
            return value
        text = sys.stdin.read() if value == "-" else value
        try:
            data = json.loads(text, parse_float=_Exact, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            self.fail(f"this is not JSON: {error}", param, ctx)
        if not isinstance(data, dict):
            self.fail('this is not a JSON object; write it as \'{"name": "value"}\'', param, ctx)
        return data


class _Exact(float):
    """A number that prints as it was written."""

    def __new__(cls, text: str) -> "_Exact":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def key_of(text: str) -> Any:
    """KEY of TABLE:KEY, as explain_record takes it: a value, or an object for col=value,col=value, or JSON itself."""
    if text.startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise click.UsageError(f"the key {text} is not JSON: {error}") from error
    pairs = [part.partition("=") for part in text.split(",")]
    if all(sign and re.fullmatch(r"\s*[A-Za-z_]\w*\s*", name) and value for name, sign, value in pairs):
        return {name.strip(): value for name, _, value in pairs}
    return text
