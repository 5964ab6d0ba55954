"""What several commands ask for in the same way."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,6})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)", re.IGNORECASE)


def since(ctx: click.Context | None, param: click.Parameter | None, value: str | None) -> timedelta | datetime | None:
    """Callback of an option that takes how long ago (2h, 30 minutes, 3d), or a time (2026-11-21, 2026-11-21 12:00+01).

    A timedelta is counted from the database's clock. A time without a zone is this computer's.
    """
    if value is None:
        return None
    text = value.strip()
    if match := _DURATION.fullmatch(text):
        return timedelta(**{_UNITS[match[2][0].lower()]: int(match[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is not a time: write 2h, 30 minutes, 3d or 2026-11-21 12:00", ctx, param
        ) from None


def json_object(ctx: click.Context | None, param: click.Parameter | None, value: str) -> str:
    """Callback of a parameter that takes a JSON object; - reads it from stdin. It stays text, as it was written."""
    text = sys.stdin.read() if value == "-" else value
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"this is not JSON: {error}", ctx, param) from error
    if not isinstance(data, dict):
        raise click.BadParameter('this is not a JSON object; write it as \'{"name": "value"}\'', ctx, param)
    return text


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
