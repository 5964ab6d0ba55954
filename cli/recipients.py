"""`pgwhen recipients`: whom notifications reach how, and what they want."""

import csv
import json
from typing import Any

import click
import psycopg

from .database import Connection, Row
from .main import Session
from .output import json_option, print_json, print_table, when

#: What a recipient has beside the id, in the order of help and tables.
FIELDS = ("email", "phone", "push", "chat", "locale", "timezone", "quiet_from", "quiet_to")


def list_recipients(connection: Connection, chosen: dict[str, Any]) -> list[Row]:
    """Recipients of notifications by name."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute("select * from pgwhen.list_recipients(%s::jsonb)", [json.dumps(chosen)]).fetchall()


def set_recipient(connection: Connection, recipient: str, values: dict[str, Any]) -> str:
    """Add or change; added or changed."""
    row = connection.execute("select pgwhen.set_recipient(%s, %s::jsonb)", [recipient, json.dumps(values)]).fetchone()
    return str(row[0]) if row else ""


def remove_recipient(connection: Connection, recipient: str) -> bool:
    """Remove; False if there is none."""
    row = connection.execute("select pgwhen.remove_recipient(%s)", [recipient]).fetchone()
    return bool(row and row[0])


@click.group(invoke_without_command=True)
@click.pass_context
def recipients(ctx: click.Context) -> None:
    """Recipients of notifications: addresses, language, quiet hours, what they want; list without a command."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@recipients.command("list")
@click.option("--address", help="Only who has this e-mail address, number, token or chat.")
@click.option("--after", metavar="ID", help="The next ones after this id.")
@click.option("--max", "most", type=click.IntRange(1, 9999), default=100, show_default=True, help="How many.")
@json_option
@click.pass_obj
def list_(
    session: Session, address: str | None = None, after: str | None = None, most: int = 100, as_json: bool = False
) -> None:
    """List recipients by id."""
    chosen = {"address": address, "after": after, "max": most}
    with session.connect() as connection:
        rows = list_recipients(connection, {name: value for name, value in chosen.items() if value is not None})
    _print(rows, as_json)


@recipients.command()
@click.argument("recipient")
@json_option
@click.pass_obj
def show(session: Session, recipient: str, as_json: bool) -> None:
    """Show one."""
    with session.connect() as connection:
        rows = list_recipients(connection, {"recipient": recipient})
    if not rows:
        raise click.ClickException(f"there is no recipient {recipient}")
    if as_json:
        print_json(rows[0])
        return
    for name, value in rows[0].items():
        click.echo(f"{name:12} {json.dumps(value, default=str) if isinstance(value, dict | list) else value or '-'}")


@recipients.command("set")
@click.argument("recipient")
@click.option("--email", help="E-mail address.")
@click.option("--phone", help="In E.164 form: +31612345678.")
@click.option("--push", multiple=True, metavar="TOKEN", help="Registration token of a device; the first one is used.")
@click.option("--chat", help="Channel or user in the chat.")
@click.option("--locale", help="en or nl-NL for example.")
@click.option("--timezone", help="IANA zone: Europe/Amsterdam.")
@click.option("--quiet-from", metavar="HH:MM", help="When nothing but transactional messages leaves, from,")
@click.option("--quiet-to", metavar="HH:MM", help="to.")
@click.option("--preferences", metavar="JSON", help='{"categories": {"marketing": false}, "digest": {"news": "daily"}}')
@click.pass_obj
def set_(
    session: Session, /, recipient: str, preferences: str | None, push: tuple[str, ...], **given: str | None
) -> None:
    """Add a recipient, or change what is given; an empty text removes it."""
    values: dict[str, Any] = {name: value or None for name, value in given.items() if value is not None}
    if push:
        values["push"] = [token for token in push if token]
    if preferences is not None:
        try:
            values["preferences"] = json.loads(preferences)
        except ValueError as error:
            raise click.BadParameter(f"--preferences is not JSON: {error}") from error
    if not values:
        raise click.UsageError("nothing is given to set; pgwhen recipients set --help lists what there is")
    with session.connect() as connection:
        click.echo(f"{recipient}: {set_recipient(connection, recipient, values)}")


@recipients.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@click.pass_obj
def import_(session: Session, file: Any) -> None:
    """Add or change recipients from a CSV FILE with the column recipient and any of email, phone, push, chat, ...

    All or nothing: the first line that is wrong is named, and nothing is changed.
    """
    reader = csv.DictReader(file)
    unknown = sorted(set(reader.fieldnames or ()) - {"recipient", "preferences", *FIELDS})
    if "recipient" not in (reader.fieldnames or ()) or unknown:
        what = f"the column {unknown[0]} is not known" if unknown else "there is no column recipient"
        raise click.ClickException(f"{what}; columns are recipient, {', '.join(FIELDS)}, preferences")
    count = 0
    with session.connect() as connection, connection.transaction():
        for number, row in enumerate(reader, start=2):
            values: dict[str, Any] = {name: row[name] or None for name in FIELDS if row.get(name) is not None}
            try:
                if row.get("preferences"):
                    values["preferences"] = json.loads(row["preferences"])
                set_recipient(connection, row["recipient"], values)
            except (ValueError, psycopg.Error) as error:
                text = error.diag.message_primary if isinstance(error, psycopg.Error) else str(error)
                raise click.ClickException(f"line {number}: {text}; nothing was imported") from error
            count += 1
    click.echo(f"{count} recipients")


@recipients.command()
@click.argument("recipient")
@click.pass_obj
def remove(session: Session, recipient: str) -> None:
    """Remove a recipient and what they prefer; suppressions of the addresses stay."""
    with session.connect() as connection:
        if not remove_recipient(connection, recipient):
            raise click.ClickException(f"there is no recipient {recipient}")
    click.echo(f"{recipient}: removed")


def _print(rows: list[Row], as_json: bool) -> None:
    if as_json:
        return print_json(rows)
    print_table(
        ["recipient", "email", "phone", "chat", "locale", "timezone", "changed"],
        (
            (r["recipient"], r["email"], r["phone"], r["chat"], r["locale"], r["timezone"], when(r["updated_at"]))
            for r in rows
        ),
        empty="no recipients",
    )
    return None
