"""What several commands ask for in the same way."""

import json
import re
import sys
from collections.abc import Callable
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


def split_record(what: str) -> tuple[str, str, str]:
    """TABLE, the colon, KEY: at the first colon that is not in a quoted name."""
    quoted = False
    for place, character in enumerate(what):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            return what[:place], ":", what[place + 1 :]
    return what, "", ""


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


def json_object_or_none(ctx: click.Context | None, param: click.Parameter | None, value: str | None) -> str | None:
    """Callback of an option that takes a JSON object; None where it is not given."""
    return None if value is None else json_object(ctx, param, value)


def json_or_none(ctx: click.Context | None, param: click.Parameter | None, value: str | None) -> str | None:
    """Callback of an option that takes any JSON; - reads it from stdin. It stays text, as it was written."""
    if value is None:
        return None
    text = sys.stdin.read() if value == "-" else value
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"this is not JSON: {error}; a text is written as '\"text\"'", ctx, param) from error
    return text


def yes_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --yes; the command gets ``yes`` and calls `confirm` with it."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def confirm(message: str, yes: bool) -> None:
    """Ask on the terminal whether to go on; without a terminal only --yes goes on."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{message}; give --yes to go on")
    if not click.confirm(f"{message}. Go on?", err=True):
        raise click.Abort
