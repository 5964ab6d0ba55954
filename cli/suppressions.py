"""`pgwhen suppressions`: addresses that get no messages."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, TextIO

import click
from psycopg.types.json import Jsonb

from .database import Connection, Row, _rows, _value
from .main import Session, WorkFailed
from .options import since as since_of
from .output import json_option, one_line, out, print_json, print_table, relative, talk

CHANNELS = ("email", "sms", "push", "chat")
REASONS = ("opt_out", "bounce", "complaint", "dead_token", "manual")
COLUMNS = ("channel", "address", "reason", "category", "detail", "at")

#: Rows of a file that are one call, and so one transaction.
PAGE = 5_000


# ---------------------------------------------------------------- the SQL functions


def list_suppressions(connection: Connection, wanted: Row) -> list[Row]:
    """Suppressions, the latest first."""
    return _rows(connection, "select * from pgwhen.list_suppressions(%s)", [Jsonb(wanted)])


def suppress(
    connection: Connection, channel: str, address: str, reason: str, category: str | None, detail: str | None
) -> bool:
    """Suppress an address; False where it was already."""
    values = [channel, address, reason, category, detail]
    return bool(_value(connection, "select pgwhen.suppress(%s, %s, %s, %s, %s)", values))


def lift_suppression(
    connection: Connection, channel: str, address: str, reason: str | None, category: str | None, detail: str | None
) -> int:
    """Lift suppressions of an address; how many."""
    values = [channel, address, reason, category, detail]
    return int(_value(connection, "select pgwhen.lift_suppression(%s, %s, %s, %s, %s)", values))


def import_suppressions(connection: Connection, rows: list[dict[str, Any]]) -> Row:
    """Suppress many; {written, known, refused: [{row, problem}]}."""
    return _value(connection, "select pgwhen.import_suppressions(%s)", [Jsonb(rows)])  # type: ignore[no-any-return]


# ---------------------------------------------------------------- the commands


@click.group(invoke_without_command=True)
@click.pass_context
def suppressions(ctx: click.Context) -> None:
    """Addresses that get no messages: list (without a command), add, lift, import."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_command)


@suppressions.command("list")
@click.option("--channel", type=click.Choice(CHANNELS), help="Only this channel.")
@click.option("--address", help="Only this address.")
@click.option("--reason", type=click.Choice(REASONS), help="Only those for this reason.")
@click.option("--category", help="Only those of this category of messages.")
@click.option("--since", callback=since_of, help="Only those written since then, 2h or 2026-11-21 12:00 for example.")
@click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True, help="How many at most.")
@json_option
@click.pass_obj
def list_command(
    session: Session,
    channel: str | None = None,
    address: str | None = None,
    reason: str | None = None,
    category: str | None = None,
    since: timedelta | datetime | None = None,
    limit: int = 100,
    as_json: bool = False,
) -> None:
    """List them, the latest first: the address, what it does not get, why, since when, and who said so."""
    wanted = {"channel": channel, "address": address, "reason": reason, "category": category, "max": limit}
    if isinstance(since, timedelta):
        wanted["since"] = f"now - {since.total_seconds():.0f} seconds"
    elif since:
        wanted["since"] = since.isoformat()
    with session.connect() as connection:
        rows = list_suppressions(connection, {key: value for key, value in wanted.items() if value is not None})
    if as_json:
        return print_json(rows)
    print_table(
        ["address*", "channel", "messages", "reason", "since", "source", "detail"],
        (
            (
                row["address"], row["channel"], row["category"] or "all", row["reason"].replace("_", " "),
                relative(row["at"]), row["source"], one_line(row["detail"], 60),
            )
            for row in rows
        ),
        empty="no address is suppressed",
    )  # fmt: skip
    if len(rows) == limit:
        talk(f"the latest {limit}; --limit shows more")
    return None


@suppressions.command()
@click.argument("channel", type=click.Choice(CHANNELS))
@click.argument("address")
@click.option("--reason", type=click.Choice(REASONS), default="manual", show_default=True, help="Why.")
@click.option("--category", help="Only messages of this category; all unless given.")
@click.option("--detail", help="In words.")
@json_option
@click.pass_obj
def add(
    session: Session, channel: str, address: str, reason: str, category: str | None, detail: str | None, as_json: bool
) -> None:
    """Keep messages from an address. What is on its way leaves; what is due later does not."""
    with session.connect() as connection:
        written = suppress(connection, channel, address, reason, category, detail)
    if as_json:
        return print_json({"written": written})
    out().print(f"{address}: {'suppressed' if written else 'was suppressed already'}", highlight=False, markup=False)
    return None


@suppressions.command()
@click.argument("channel", type=click.Choice(CHANNELS))
@click.argument("address")
@click.option("--reason", type=click.Choice(REASONS), help="Only what stands for this reason; all unless given.")
@click.option("--category", help="Only what concerns this category; all unless given.")
@click.option("--detail", help="Why it may get messages again, for the audit log.")
@json_option
@click.pass_obj
def lift(
    session: Session,
    channel: str,
    address: str,
    reason: str | None,
    category: str | None,
    detail: str | None,
    as_json: bool,
) -> None:
    """Let messages reach an address again. Those that were skipped meanwhile stay skipped."""
    with session.connect() as connection:
        count = lift_suppression(connection, channel, address, reason, category, detail)
    if as_json:
        return print_json({"lifted": count})
    text = f"{address}: {count} suppression{'' if count == 1 else 's'} lifted"
    out().print(text, highlight=False, markup=False)
    return None


@suppressions.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--channel", type=click.Choice(CHANNELS), help="Channel of rows that name none.")
@click.option("--reason", type=click.Choice(REASONS), help="Reason of rows that name none; manual unless given.")
@json_option
@click.pass_obj
def import_command(session: Session, file: TextIO, channel: str | None, reason: str | None, as_json: bool) -> None:
    """Suppress the addresses of a CSV file with a header line: address, and perhaps channel, reason, category, detail,
    at. FILE may be - for stdin. Rows that are wrong are told and keep no others back; then the exit code is 3.
    """
    total: dict[str, Any] = {"written": 0, "known": 0, "refused": []}
    with session.connect() as connection:
        for first, page in _pages(file, channel, reason):
            done = import_suppressions(connection, page)
            total["written"] += done["written"]
            total["known"] += done["known"]
            total["refused"] += [{**refused, "row": first + refused["row"] - 1} for refused in done["refused"]]
    if as_json:
        print_json(total)
    else:
        click.echo(f"{total['written']} suppressed, {total['known']} were already, {len(total['refused'])} refused")
        for refused in total["refused"][:100]:
            talk(f"row {refused['row']}: {refused['problem']}")
    if total["refused"]:
        raise WorkFailed("not all rows are addresses that can be suppressed; correct those and import them again")


def _pages(file: TextIO, channel: str | None, reason: str | None) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The rows in pages, with the number of the first of each; the line after the header is row 1."""
    try:
        reader = csv.DictReader(file)
        names = reader.fieldnames or []
        unknown = [name for name in names if name not in COLUMNS]
        if "address" not in names or unknown or ("channel" not in names and not channel):
            wanted = "address, and channel (or --channel); perhaps reason, category, detail and at"
            raise click.UsageError(f"the header line has {', '.join(names) or 'nothing'}; it needs {wanted}")
        page: list[dict[str, Any]] = []
        first = 1
        for row in reader:
            page.append(_row(row, channel, reason))
            if len(page) == PAGE:
                yield first, page
                first += len(page)
                page = []
        if page:
            yield first, page
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file.name} is not a CSV file in UTF-8: {error}") from None


def _row(row: dict[str, Any], channel: str | None, reason: str | None) -> dict[str, Any]:
    """One row without empty cells and NUL, which PostgreSQL cannot hold, and with what the options say."""
    given = {key: value.replace("\0", "\ufffd") for key, value in row.items() if key in COLUMNS and value}
    return {**({"channel": channel} if channel else {}), **({"reason": reason} if reason else {}), **given}
