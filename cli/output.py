"""How the command line prints: tables and words for people, JSON for programs.

Data goes to stdout, talk to stderr. What comes from the database is never taken for markup of rich or for orders to the
terminal: control characters are shown, not sent.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])

#: Lines of what is not a terminal are not cut: nobody can widen a pipe.
PIPE_WIDTH = 250

#: State -> style. What is not here is plain.
STYLES = {
    **dict.fromkeys(["completed", "active", "ok", "retried", "approved"], "green"),
    **dict.fromkeys(["pending", "running", "ready", "queued", "claimed", "sending"], "blue"),
    **dict.fromkeys(["waiting", "sleeping"], "cyan"),
    **dict.fromkeys(["cancelled", "warning", "transient", "throttled"], "yellow"),
    **dict.fromkeys(["held", "paused"], "bold yellow"),
    **dict.fromkeys(["failed", "error", "rejected"], "bold red"),
    **dict.fromkeys(["permanent", "auth"], "red"),
    **dict.fromkeys(["skipped", "not_reached"], "dim"),
    "uncertain": "bold magenta",
}


def json_option(command: F) -> F:
    """The option --json; the command gets ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def out() -> Console:
    """A console on stdout."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def talk(message: str) -> None:
    """Say something on stderr."""
    click.echo(plain(message), err=True)


def progress() -> Progress:
    """A progress bar on stderr, which shows on terminals only and goes away."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_json(data: Any) -> None:
    """Print one JSON document. Times are ISO 8601 in UTC, ids and exact numbers text."""
    click.echo(json.dumps(data, default=_jsonable, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID | Decimal | date | time):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def plain(value: Any) -> str:
    """A value as text that a terminal can be given: control characters, but for line ends and tabs, are escaped.

    The spaces that stand in amounts and numbers (no-break ones) are left as they are.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=_jsonable, ensure_ascii=False)
    return "".join(
        c if c.isprintable() or c in "\n\t\u00a0\u202f" else c.encode("unicode_escape").decode() for c in text
    )


def one_line(value: Any, width: int = 100) -> str:
    """A value on one line, cut after ``width`` characters."""
    text = " ".join(plain(value).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def state(value: str | None) -> Text:
    """A state in its colour."""
    word = (value or "").split(":")[0].split(";")[0]
    return Text(plain(value), style=STYLES.get(word, ""))


def moment(value: Any) -> datetime | None:
    """A time from the database, as a datetime or in the ISO form of a JSON document; None stays None."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def clock(value: Any, now: datetime | None = None) -> str:
    """A time in the zone of this computer; the date only if it is not today's."""
    at = moment(value)
    if at is None:
        return ""
    local, today = at.astimezone(), (now or datetime.now(UTC)).astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M:%S")


def relative(value: Any, now: datetime | None = None) -> str:
    """How long ago, or in how long."""
    at = moment(value)
    if at is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    words = duration(abs(seconds))
    return f"in {words}" if seconds < 0 else f"{words} ago"


def when(value: Any, now: datetime | None = None) -> str:
    """A time, absolute and relative: 12:00:05 (3 min ago)."""
    return f"{clock(value, now)} ({relative(value, now)})" if value is not None else ""


def duration(seconds: float) -> str:
    """120 ms, 3.2 s, 4 min, 5 h, 6 d: one unit, as exact as is useful."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    for unit, length, limit in (("min", 60, 3600), ("h", 3600, 48 * 3600), ("d", 86400, float("inf"))):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    raise AssertionError


def took(started: Any, finished: Any) -> str:
    """The time between two times; "" while one is missing."""
    first, last = moment(started), moment(finished)
    return "" if first is None or last is None else duration(max(0.0, (last - first).total_seconds()))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "nothing") -> None:
    """Print rows under headings, or say ``empty`` on stderr. A heading with * at its end keeps its values whole."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        whole = column.endswith("*")
        table.add_column(column.rstrip("*"), no_wrap=whole, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*(value if isinstance(value, Text) else Text(plain(value)) for value in row))
        count += 1
    if count:
        out().print(table)
    else:
        talk(empty)
