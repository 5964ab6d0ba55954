"""`pgwhen documents`: what document and calendar steps made."""

import sys
from pathlib import Path
from uuid import UUID

import click

from . import database
from .main import Session
from .output import json_option, print_json, print_table, relative, talk


@click.group(invoke_without_command=True)
@click.pass_context
def documents(ctx: click.Context) -> None:
    """Documents that steps made: list (without a command), get."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_documents)


@documents.command("list")
@click.argument("execution", metavar="[EXECUTION]", required=False)
@click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True, help="How many at most.")
@json_option
@click.pass_obj
def list_documents(session: Session, execution: str | None = None, limit: int = 100, as_json: bool = False) -> None:
    """List the documents of an execution (its id, or the beginning of it), or the newest ones."""
    with session.connect() as connection:
        execution_id = database.find_execution(connection, execution) if execution else None
        rows = list_stored(connection, execution_id, limit)
    if as_json:
        return print_json(rows)
    print_table(
        ["document*", "file", "type", "bytes", "step", "execution*", "made"],
        (
            (
                str(row["document_id"]), row["file"], row["media_type"].split(";")[0], row["size"],
                f"{row['workflow']}.{row['step_id']}", str(row["execution_id"]),
                relative(row["created_at"]),
            )
            for row in rows
        ),
        empty="there is no document",
    )  # fmt: skip
    return None


@documents.command()
@click.argument("document", metavar="ID", type=click.UUID)
@click.option(
    "--output", "-o", metavar="FILE", help="Where to write it; its own name in this folder unless given, - is stdout."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def get(session: Session, document: UUID, output: str | None, force: bool) -> None:
    """Write a document to a file."""
    with session.connect() as connection:
        row = get_stored(connection, document)
    if output == "-":
        sys.stdout.buffer.write(row["content"])
        return
    # Its own name was made safe when it was stored; of whatever it is only the last part counts.
    path = Path(output) if output else Path(Path(row["file"]).name)
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(row["content"])
    except FileExistsError:
        raise click.ClickException(f"{path} is there already; --force writes over it, -o names another") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    talk(f"{path}: {row['size']} bytes, {row['media_type']}")


# ---------------------------------------------------------------- database


def list_stored(connection: database.Connection, execution_id: UUID | None, limit: int) -> list[database.Row]:
    """Documents without their contents, those of the newest executions first."""
    query = "select * from pgwhen.list_documents(%s, %s)"
    return database._rows(connection, query, [execution_id, limit])


def get_stored(connection: database.Connection, document_id: UUID) -> database.Row:
    """One document with its content."""
    return database._rows(connection, "select * from pgwhen.get_document(%s)", [document_id])[0]
