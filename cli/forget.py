"""`pgwhen forget`: erase what is known of a person."""

import time

import click

from . import database
from .main import Session
from .options import confirm, key_of, split_record, yes_option
from .output import json_option, print_json, talk

#: Seconds between two looks at whether what is on its way has ended.
PAUSE = 1.0


@click.command()
@click.argument("record", metavar="TABLE:KEY")
@click.option("--dry-run", is_flag=True, help="Count, and erase nothing.")
@click.option(
    "--wait", type=click.FloatRange(min=0), default=120, show_default=True, help="Seconds for what is on its way."
)
@click.option("--reason", help="Why, for the audit log, which stays: name nobody.")
@yes_option
@json_option
@click.pass_obj
def forget(
    session: Session, record: str, dry_run: bool, wait: float, reason: str | None, yes: bool, as_json: bool
) -> None:
    """Erase a record (a person) from events, executions, messages and logs; ids, times and states stay.

    Rows that point to it by a foreign key are included. Executions that have not ended are cancelled. Delete or change
    the row itself before: what changes later is recorded again. KEY is the value of the primary key, or
    col=value,col=value.
    """
    table, colon, key = split_record(record)
    if not (table and colon and key):
        raise click.UsageError(f"{record} is not TABLE:KEY, such as clients:7")
    with session.connect() as connection:
        done = database.forget_record(connection, table, key_of(key), reason, True)
        counts = done["counts"]
        found = counts["events"] or counts["executions"] or counts["messages"]
        if found and not dry_run:
            confirm(
                f"{counts['events']} events and {counts['executions']} executions would be erased,"
                f" {counts['unfinished']} of them cancelled",
                yes,
            )
        if not dry_run:
            until = time.monotonic() + wait
            done = database.forget_record(connection, table, key_of(key), reason, False)
            while done["state"] == "in flight" and time.monotonic() < until:
                time.sleep(PAUSE)
                done = database.forget_record(connection, table, key_of(key), reason, False)
    if as_json:
        print_json(done)
    else:
        for name, count in done["counts"].items():
            if count:
                click.echo(f"{count} {name.replace('_', ' ')}")
        if not found:
            talk("nothing is known of it")
    if done["state"] == "in flight":
        raise click.ClickException(
            f"{done['counts']['in_flight']} actions are on their way, and nothing is erased yet; everything else is"
            " cancelled. Repeat the command when they have ended (a poller has to run)"
        )
