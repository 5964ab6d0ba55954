"""`pgwhen progress` and `pgwhen watch`: what executions do, as they do it."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import click
import psycopg

from . import database
from .main import Session
from .output import json_option, one_line, print_json, talk

#: Seconds after which the state is read although nothing was heard.
LOOK = 5.0

#: Seconds before a lost connection is tried again.
PAUSE = 1.0


@click.command("progress")
@click.argument("switch", type=click.Choice(["on", "off"]), required=False)
@json_option
@click.pass_obj
def progress_switch(session: Session, switch: str | None, as_json: bool) -> None:
    """Tell the progress of executions to whoever listens, or not: on, off, or (without) what it is.

    Ticks then send NOTIFY pgwhen_progress, for `pgwhen watch` and for user interfaces. It costs rows and notifications
    for everything that runs, hence it is off unless somebody wants it.
    """
    with session.connect() as connection:
        on = database.get_progress(connection) if switch is None else database.set_progress(connection, switch == "on")
    if as_json:
        print_json({"progress": on})
    else:
        click.echo(f"progress is {'on' if on else 'off'}")


@click.command()
@click.option("--workflow", metavar="W", help="Of this workflow only.")
@click.option("--execution", metavar="EXECUTION", help="Of this one, until it ends. Needs no switch.")
@json_option
@click.pass_obj
def watch(session: Session, workflow: str | None, execution: str | None, as_json: bool) -> None:
    """Print what executions do, as they do it; Ctrl-C ends it.

    Notifications are hints: with --execution the state is read from the tables each time. A lost connection is made
    again; what was told meanwhile is not told again, `pgwhen executions` shows it.
    """
    seen: dict[str, str] = {}
    chosen: UUID | None = None
    first = True
    while True:
        try:
            with session.connect() as connection:
                if execution and chosen is None:
                    chosen = database.find_execution(connection, execution)
                if not chosen and not database.get_progress(connection):
                    raise click.ClickException("progress is off, so that nothing is told: pgwhen progress on")
                database.listen_to_progress(connection)
                first = False
                if chosen:
                    return _follow(connection, chosen, seen, as_json)
                talk("listening; Ctrl-C ends it")
                _print_all(connection, workflow, as_json)
        except psycopg.OperationalError as error:
            if first:
                raise
            talk(f"the connection was lost, trying again: {one_line(str(error))}")
            time.sleep(PAUSE)


def _print_all(connection: database.Connection, workflow: str | None, as_json: bool) -> None:
    """Print notifications for ever."""
    for notify in connection.notifies():
        told = json.loads(notify.payload)
        if workflow not in (None, told["workflow"]):
            continue
        if as_json:
            click.echo(notify.payload)
            continue
        for line in _lines(told):
            click.echo(line)


def _lines(told: dict[str, Any]) -> Iterator[str]:
    """A notification in words."""
    for execution, event, *step in told.get("items", []):
        yield " ".join(
            [execution, f"{told['workflow']}{''.join('.' + name for name in step)}", event.replace("_", " ")]
        )
    for event, count in told.get("counts", {}).items():
        yield f"{told['workflow']}: {count} {event.replace('_', ' ')}"


def _follow(connection: database.Connection, execution: UUID, seen: dict[str, str], as_json: bool) -> None:
    """Print each change of one execution until it ends, as its tables have it."""
    while True:
        document = database.show_execution(connection, execution)
        states = {step["step_id"]: step["status"] for step in document["steps"] if step["status"] and step["part"] == 0}
        states[""] = document["status"]
        for name, status in states.items():
            if seen.get(name) != status:
                seen[name] = status
                if as_json:
                    print_json({"execution": execution, "step": name or None, "status": status})
                else:
                    click.echo(f"{document['workflow']}{'.' + name if name else ''} {status}")
        if document["finished_at"]:
            return
        for notify in connection.notifies(timeout=LOOK):
            if str(execution) in notify.payload or "counts" in notify.payload:
                break
