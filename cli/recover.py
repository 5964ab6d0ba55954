"""`pgwhen replay` and `backfill`: start again what was, and start what never began."""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click

from . import database
from .main import Session
from .options import confirm, since, yes_option
from .output import json_option, one_line, print_json, print_table, progress, state, talk

#: Events that are replayed in one transaction.
PAGE = 500

#: Rows of a table that a backfill looks at in one transaction.
ROWS = 1000


@click.command()
@click.argument("event", nargs=-1, type=click.UUID)
@click.option("--since", metavar="TIME", callback=since, help="All events from then on (2h, 3 days, or a time).")
@click.option("--until", metavar="TIME", callback=since, help="All events before then.")
@click.option("--table", metavar="TABLE", help="Of this table only.")
@click.option("--workflow", metavar="W", help="Start this workflow only.")
@click.option("--failed", is_flag=True, help="Events that could not be matched because of an error.")
@click.option("--key", help="An event is replayed once under the same key, so that what broke off can be repeated.")
@click.option("--dry-run", is_flag=True, help="Say what would start, and start nothing.")
@click.option("--reason", help="Why, for the audit log.")
@yes_option
@json_option
@click.pass_obj
def replay(
    session: Session,
    event: tuple[UUID, ...],
    since: timedelta | datetime | None,
    until: timedelta | datetime | None,
    table: str | None,
    workflow: str | None,
    failed: bool,
    key: str | None,
    dry_run: bool,
    reason: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Start again what events start, now: the workflows that are active, with records as they are now.

    EVENT is the id of an event (`pgwhen explain TABLE:KEY` shows them). Each replay is an event of its own, so that a
    second one starts everything once more.
    """
    chosen = {"since": since, "until": until, "table": table, "status": "failed" if failed else None}
    if bool(event) == any(value is not None for value in chosen.values()):
        raise click.UsageError("name events, or choose them by --since, --until, --table, --failed")
    with session.connect() as connection:
        ids = list(event) or _all_events(connection, chosen | {"workflow": workflow})
        plan = _plan(connection, ids, workflow) if dry_run or not event else []
        if dry_run:
            return _print_plan(plan, as_json)
        starts = sum(row["starts"] is not False for row in plan)
        if starts:
            confirm(f"{_count(len(ids), 'event')} would start up to {_count(starts, 'execution')}", yes)
        rows: list[database.Row] = []
        if event or starts:
            rows = _replay(connection, ids, workflow, reason, key)
    if as_json:
        return print_json(rows)
    refused = [row for row in rows if row["result"] != "queued"]
    if not rows:
        talk("no event" if not ids else "none of them would start anything; --dry-run says why")
        return None
    click.echo(f"{len(rows) - len(refused)} queued, {len(refused)} not")
    print_table(["event*", "result"], ((str(row["event_id"]), row["result"]) for row in refused[:20]), "")
    talk("the executions are there once a poller or pgwhen tick has run")
    if refused and event:
        raise click.ClickException(f"{len(refused)} of {len(rows)} not replayed")
    return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _all_events(connection: database.Connection, chosen: dict[str, Any]) -> list[UUID]:
    """All events of a filter."""
    ids: list[UUID] = []
    with progress() as bar:
        task = bar.add_task("looking", total=database.count_events(connection, chosen))
        while page := database.find_events(connection, chosen | {"after": ids[-1] if ids else None, "max": 10000}):
            ids += page
            bar.advance(task, len(page))
    return ids


def _plan(connection: database.Connection, ids: list[UUID], workflow: str | None) -> list[database.Row]:
    """What would start, page by page."""
    rows: list[database.Row] = []
    with progress() as bar:
        task = bar.add_task("judging", total=len(ids))
        for start in range(0, len(ids), PAGE):
            rows += database.plan_replay(connection, ids[start : start + PAGE], workflow)
            bar.advance(task, len(ids[start : start + PAGE]))
    return rows


def _replay(
    connection: database.Connection, ids: list[UUID], workflow: str | None, reason: str | None, key: str | None
) -> list[database.Row]:
    """Page by page, each in a transaction of its own."""
    rows: list[database.Row] = []
    with progress() as bar:
        task = bar.add_task("replaying", total=len(ids))
        for start in range(0, len(ids), PAGE):
            rows += database.replay_events(connection, ids[start : start + PAGE], workflow, reason, key)
            bar.advance(task, len(ids[start : start + PAGE]))
    return rows


def _print_plan(plan: list[database.Row], as_json: bool) -> None:
    if as_json:
        return print_json(plan)
    words = {True: "starts", False: "does not start", None: "not known"}
    if plan:
        starts = sum(row["starts"] is True for row in plan)
        click.echo(
            f"{_count(len({row['event_id'] for row in plan}), 'event')}: {_count(starts, 'execution')} would start"
        )
    print_table(
        ["event*", "workflow", "", "reason"],
        (
            (str(row["event_id"]), row["workflow"], state(words[row["starts"]]), one_line(row["reason"] or "", 120))
            for row in plan[:100]
        ),
        empty="no event",
    )
    if len(plan) > 100:
        talk(f"and {len(plan) - 100} more; --json prints all")
    return None


# ---------------------------------------------------------------- backfill


@click.command()
@click.argument("workflow", metavar="W")
@click.option("--where", metavar="CONDITION", help="Of the rows that match, those for which this holds: YAML or JSON.")
@click.option("--table", metavar="TABLE", help="The table, where rows of several start the workflow.")
@click.option("--limit", type=click.IntRange(min=1), help="How many are started at most.")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="How many are started in a second."
)
@click.option("--dry-run", is_flag=True, help="Count, and start nothing.")
@click.option("--reason", help="Why, for the audit log.")
@yes_option
@json_option
@click.pass_obj
def backfill(
    session: Session,
    workflow: str,
    where: str | None,
    table: str | None,
    limit: int | None,
    rate: float | None,
    dry_run: bool,
    reason: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Start a workflow for rows that are there already and match it now, once for each record.

    Counts first and asks. What broke off is repeated as it was: records that were started are not started again.
    """
    how = {"where": _condition(where), "table": table}
    with session.connect() as connection:
        plan = _go_through(connection, workflow, how, "counting", limit=limit, rate=None, dry_run=True)
        done = plan
        if not dry_run and plan["started"]:
            confirm(f"{_count(plan['started'], 'row')} of {plan['table']} would start {workflow}", yes)
            how["reason"] = reason
            done = _go_through(connection, workflow, how, "starting", limit=limit, rate=rate, total=plan["started"])
    if as_json:
        return print_json(done)
    verb = "would start" if dry_run else "started"
    before = f", {done['before']} had been started by an earlier backfill" if done["before"] else ""
    looked = f"{done['table']}: {_count(done['scanned'], 'row')} looked at, {done['matched']} match"
    click.echo(f"{looked}{before}, {done['started']} {verb}")
    if done["started"] and not dry_run:
        talk("the executions are there once a poller or pgwhen tick has run")
    return None


def _condition(text: str | None) -> str | None:
    """A condition in YAML, of which JSON is a part, as JSON text."""
    if text is None:
        return None
    from .definitions import dump_json, read_yaml

    return dump_json(read_yaml(text, "--where")[0].definition, None)


def _go_through(
    connection: database.Connection,
    workflow: str,
    how: dict[str, Any],
    what: str,
    *,
    limit: int | None,
    rate: float | None,
    dry_run: bool = False,
    total: int | None = None,
) -> database.Row:
    """Page by page, each in a transaction of its own; not faster than ``rate`` starts a second."""
    sums: database.Row = {"table": None, "scanned": 0, "matched": 0, "before": 0, "started": 0}
    after: Any = None
    with progress() as bar:
        task = bar.add_task(what, total=total)
        while True:
            began = time.monotonic()
            room = [] if limit is None else [limit - sums["started"]]
            if rate is not None:
                room.append(max(1, int(rate)))
            page = database.backfill_workflow(
                connection, workflow, **how, after=after, max=ROWS, limit=min(room, default=None), dry_run=dry_run
            )
            sums = {name: page[name] if name == "table" else sums[name] + page[name] for name in sums}
            bar.advance(task, page["started"] if total else page["scanned"])
            if page["done"] or sums["started"] == limit:
                return sums
            after = page["after"]
            if rate is not None:
                time.sleep(max(0.0, page["started"] / rate - (time.monotonic() - began)))
