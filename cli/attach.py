"""`pgwhen attach` and `detach`: capture the changes of tables."""

from collections.abc import Callable

import click

from . import database
from .main import Session
from .output import json_option, plain, print_json, talk


@click.command()
@click.argument("table", nargs=-1, required=True)
@click.option("--alias", help="Name of a record in workflows; without it the singular of the table.")
@click.option(
    "--exclude",
    metavar="COLUMN",
    multiple=True,
    help="A column that never enters an event; repeat it, or list with commas.",
)
@click.option("--no-doorbell", is_flag=True, help="Wake no poller: for tables written under two-phase commit.")
@json_option
@click.pass_obj
def attach(
    session: Session,
    table: tuple[str, ...],
    alias: str | None,
    exclude: tuple[str, ...],
    no_doorbell: bool,
    as_json: bool,
) -> None:
    """Capture the changes of tables from now on. Run it as their owner."""
    if alias and len(table) > 1:
        raise click.UsageError("--alias names the record of one table; attach the others by themselves")
    columns = [name.strip() for names in exclude for name in names.split(",") if name.strip()] or None
    doorbell = False if no_doorbell else None
    with session.connect() as connection:
        _each(
            table,
            lambda name: database.attach(connection, name, alias, columns, doorbell),
            "attached as {alias}",
            as_json,
        )


@click.command()
@click.argument("table", nargs=-1, required=True)
@json_option
@click.pass_obj
def detach(session: Session, table: tuple[str, ...], as_json: bool) -> None:
    """End the capture of tables. Events that were captured, and executions, go on."""
    with session.connect() as connection:
        _each(table, lambda name: database.detach(connection, name), "detached", as_json)


def _each(tables: tuple[str, ...], change: Callable[[str], database.Row], words: str, as_json: bool) -> None:
    """Each a transaction of its own, so that no lock waits for the next one; what was done before an error stays."""
    done: list[database.Row] = []
    try:
        for name in tables:
            result = change(name)
            done.append(result)
            if not as_json:
                click.echo(f"{plain(result['table'])}: {words.format_map(result)}")
                for notice in result["notices"]:
                    talk(f"  {notice}")
    finally:
        if as_json:
            print_json(done)
