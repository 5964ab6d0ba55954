"""`pgwhen logs`: remarks on executions."""

import time
from datetime import datetime, timedelta
from typing import Any

import click

from . import database
from .main import Session
from .options import since as since_callback
from .output import clock, json_option, plain, print_json, state, talk
from .output import out as console

#: Seconds between two looks with --follow.
LOOK = 1.0


@click.command()
@click.argument("execution", required=False)
@click.option("--workflow", metavar="W", help="Of this workflow only.")
@click.option("--level", type=click.Choice(["debug", "info", "warning", "error"]), help="This level and higher ones.")
@click.option("--since", metavar="TIME", callback=since_callback, help="From then on (2h, 3 days, or a time).")
@click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True, help="The latest, how many.")
@click.option("--follow", is_flag=True, help="Go on with what comes; Ctrl-C ends it.")
@json_option
@click.pass_obj
def logs(
    session: Session,
    execution: str | None,
    workflow: str | None,
    level: str | None,
    since: timedelta | datetime | None,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    """Print what executions remarked: what their states do not show. With --follow, --json prints one object a line."""
    chosen: dict[str, Any] = {"workflow": workflow, "level": level, "max": limit}
    if since is not None:
        chosen["since"] = (
            since.isoformat() if isinstance(since, datetime) else f"now - {since.total_seconds():.0f} seconds"
        )
    with session.connect() as connection:
        if execution:
            chosen["execution"] = str(database.find_execution(connection, execution))
        rows = database.list_logs(connection, chosen)
        if as_json and not follow:
            return print_json(rows)
        if not rows and not follow:
            talk("no remarks")
        while True:
            for row in rows:
                _print(row, as_json)
            if not follow:
                return None
            if rows:
                chosen["after"] = str(rows[-1]["log_id"])
            else:
                time.sleep(LOOK)
            rows = database.list_logs(connection, chosen)


def _print(row: database.Row, as_json: bool) -> None:
    if as_json:
        return print_json(row)
    where = f"{row['workflow'] or ''}{'.' + row['step_id'] if row['step_id'] else ''}"
    line = state(row["level"])
    line.append(f" {clock(row['at'])} {row['execution_id']} {plain(where)}: {plain(row['message'])}", style="default")
    console().print(line, soft_wrap=True)
    return None
