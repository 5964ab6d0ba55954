"""`pgwhen queue`, `explain`, `emit`, `start`, `tick`, `maintain`, `doctor`: what operators do."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
from rich.text import Text

from . import database
from .archive import write_archive
from .main import Session
from .options import json_object, key_of, split_record
from .output import (
    json_option,
    one_line,
    out,
    plain,
    print_json,
    print_table,
    progress,
    relative,
    state,
    talk,
    when,
)

if TYPE_CHECKING:
    from ..poller.channels import Connection


@click.command()
@click.option("--actions", is_flag=True, help="List the actions that wait, one by one.")
@click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True, help="Of these, how many.")
@json_option
@click.pass_obj
def queue(session: Session, actions: bool, limit: int, as_json: bool) -> None:
    """Show what waits where, since when, and when the next of it is due.

    Attempts are counted since the last retry by an operator; throttling and refused credentials do not use up any.
    """
    with session.connect() as connection:
        rows = database.pending_actions(connection, limit) if actions else database.queue_status(connection)
    if as_json:
        return print_json(rows)
    if actions:
        print_table(
            ["execution*", "step", "type", "status", "since", "due", "attempts", "reason"],
            (
                (
                    str(row["execution_id"]), f"{row['workflow']}.{row['step_id']}", row["type"], state(row["status"]),
                    relative(row["since"]), relative(row["due_at"]), _attempts(row),
                    one_line(row["reason"] or row["last_error"], 80),
                )
                for row in rows
            ),
            empty="no action waits",
        )  # fmt: skip
    else:
        print_table(
            ["place", "state", "count", "oldest", "next due"],
            ((row["place"], row["state"], row["count"], when(row["oldest_at"]), when(row["next_at"])) for row in rows),
        )
    return None


def _attempts(row: dict[str, Any]) -> str:
    """How many were made, and how many of them the retry policy counts where that is another number."""
    # The one that is being sent counts, or does not, once it is answered.
    made, tries = row["attempts"], row["tries"] + (row["status"] == "sending")
    return str(made) if made == tries else f"{made}, {tries} of them counted"


@click.command()
@click.argument("what", metavar="EVENT|TABLE:KEY")
@json_option
@click.pass_obj
def explain(session: Session, what: str, as_json: bool) -> None:
    """Say why an event, or the changes of a record, started what they started, and why nothing else.

    KEY is the value of the primary key, or col=value,col=value.
    """
    event = _as_uuid(what)
    table, colon, key = split_record(what)
    if event is None and not (table and colon and key):
        raise click.UsageError(f"{what} is neither the id of an event nor TABLE:KEY, such as leads:7")
    with session.connect() as connection:
        if event is not None:
            document = database.explain_event(connection, event)
        else:
            document = database.explain_record(connection, table, key_of(key))
    if as_json:
        return print_json(document)
    for line in document["lines"]:
        out().print(Text(plain(line)), soft_wrap=True)
    return None


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@click.command()
@click.argument("type_", metavar="TYPE")
@click.argument("data", metavar="[JSON]", callback=json_object, default="{}")
@click.option("--key", help="The same event with the same key is emitted once.")
@json_option
@click.pass_obj
def emit(session: Session, type_: str, data: str, key: str | None, as_json: bool) -> None:
    """Emit an application event: `pgwhen emit invoice.overdue '{"invoice_id": 7}'`; - reads JSON from stdin."""
    with session.connect() as connection:
        event_id = database.emit_event(connection, type_, data, key)
    _print_id("event_id", event_id, "explain", as_json)


@click.command()
@click.argument("workflow", metavar="W")
@click.option(
    "--input",
    "data",
    callback=json_object,
    default="{}",
    help="What the workflow sees as input, a JSON object; - is stdin.",
)
@click.option("--key", help="The same start with the same key happens once.")
@json_option
@click.pass_obj
def start(session: Session, workflow: str, data: str, key: str | None, as_json: bool) -> None:
    """Start a workflow that has a manual trigger."""
    with session.connect() as connection:
        execution_id = database.start_execution(connection, workflow, data, key)
    _print_id("execution_id", execution_id, "show", as_json)


def _print_id(name: str, value: UUID, command: str, as_json: bool) -> None:
    """The id of what will be there once an event is dispatched, and the command that looks at it."""
    if as_json:
        print_json({name: value})
    else:
        click.echo(value)
        talk(f"pgwhen {command} {value} says what came of it, once a poller or pgwhen tick has run")


@click.command()
@click.option("--max", "maximum", type=click.IntRange(1, 100000), help="How many events and sleepers at most (500).")
@json_option
@click.pass_obj
def tick(session: Session, maximum: int | None, as_json: bool) -> None:
    """Move everything that needs no network: events, delays, admission. Pollers do this all the time."""
    with session.connect() as connection:
        done = database.tick(connection, maximum)
    if as_json:
        print_json(done)
    elif not done["single_flight"]:
        talk("another session is at it")
    else:
        words = (
            ("dispatched", "events dispatched"),
            ("woken", "sleepers woken"),
            ("handed", "handovers taken"),
            ("admitted", "actions admitted"),
        )
        click.echo(", ".join(f"{done[name]} {text}" for name, text in words))


@click.command()
@click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write what is dropped to this folder first.",
)
@json_option
@click.pass_obj
def maintain(session: Session, archive: Path | None, as_json: bool) -> None:
    """Make partitions, drop what is older than the settings say, look after attached tables. Run it daily."""
    rounds = []
    with session.connect() as connection, progress() as bar:
        task = bar.add_task("retiring weeks", total=None)
        more = archive is None or database.lock_maintenance(connection)
        if not more:
            rounds.append({"single_flight": False, "more": False})
        while more:
            plan = None if archive is None else write_archive(connection, archive)
            rounds.append(database.maintain(connection, plan))
            more = rounds[-1]["more"]
            bar.advance(task)
    if as_json:
        return print_json(rounds)
    if not rounds[0]["single_flight"]:
        talk("another session is at it")
        return None
    _print_rounds(rounds)
    return None


_REMOVED = {
    "audit": "entries of the audit log",
    "deliveries": "callbacks of providers",
    "events": "events that started nothing",
    "kept": "executions kept longer",
    "start_keys": "start keys",
    "trigger_keys": "match keys",
}


def _print_rounds(rounds: list[database.Row]) -> None:
    """What the rounds of maintenance came to, all together."""
    rounds = [done for done in rounds if done["single_flight"]]
    removed: dict[str, int] = {}
    for done in rounds:
        for name, count in done["removed"].items():
            removed[name] = removed.get(name, 0) + count
    weeks = [done["week_retired"] for done in rounds if done["week_retired"]]
    made = sum(done["partitions_made"] for done in rounds)
    click.echo(f"{made} partitions made; weeks dropped: {', '.join(weeks) or 'none'}")
    words = ", ".join(f"{count} {_REMOVED.get(name, name)}" for name, count in removed.items() if count)
    click.echo(f"removed: {words or 'nothing'}")
    for change in {str(change): change for done in rounds for change in done["attachments"]}.values():
        talk(f"{change['table']}: {change['change']}: {change.get('detail', '')}")
        if change.get("hint"):
            talk(f"  hint: {change['hint']}")
    for postponed in rounds[-1]["postponed"]:
        talk(f"postponed: {postponed}")


# ---------------------------------------------------------------- doctor


@click.command()
@json_option
@click.pass_obj
def doctor(session: Session, as_json: bool) -> None:
    """Examine the installation. Exits with 1 if something is wrong."""
    from .connections import current_tenant

    with session.connect() as connection:
        rows = database.doctor(connection)
        known, tenant = database.list_connections(connection), current_tenant(connection)
        rows += _environment(database.list_channels(connection), known, tenant, dict(os.environ))
    if as_json:
        print_json(rows)
    else:
        print_table(
            ["check", "status", "detail", "hint"],
            ((row["check_name"], state(row["status"]), row["detail"], row["hint"]) for row in rows),
        )
    errors = sum(row["status"] == "error" for row in rows)
    if errors:
        raise click.ClickException(f"{errors} of {len(rows)} checks found an error")


def _environment(
    needed: list[database.Row], known: list[database.Row], tenant: str, environ: dict[str, str]
) -> list[database.Row]:
    """What active workflows need and this environment does not have. Warnings: pollers may run elsewhere."""
    from ..poller import channels
    from .connections import problem_here

    try:
        configured = channels.configured(environ)
    except ValueError as error:
        return [_row("providers", "error", str(error), "Set the variable right, or unset it.")]
    defined = [row for row in known if row["origin"] == "defined"]
    names = set(configured) | {row["name"] for row in defined}
    by_channel = {connection.channel for connection in configured.values()} | {row["channel"] for row in defined}
    rows = []
    for need in needed:
        channel = need["channel"]
        missing = need["connection"] not in names if need["connection"] else channel not in by_channel
        if missing:
            what = f"connection {need['connection']}" if need["connection"] else f"provider for {channel}"
            rows.append(
                _row(
                    "providers",
                    "warning",
                    f"this environment has no {what}, which {', '.join(need['workflows'])} needs",
                    _choice(channel, configured, environ) or "pgwhen connections add defines one",
                )
            )
    for row in defined:
        # Those of the tenant default are looked at by its own operators, who see their settings.
        if not row["shared"] and (problem := problem_here(row, tenant, environ)):
            rows.append(
                _row("connections", "warning", f"{row['name']} cannot send from this environment: {problem}",
                     "It matters where pollers run.")
            )  # fmt: skip
    allowed = {name.strip() for name in environ.get("PGWHEN_SECRETS", "").split(",")}
    for name in sorted({secret for need in needed for secret in need["secrets"]}):
        if name not in allowed:
            rows.append(
                _row(
                    "secrets",
                    "warning",
                    f"{name} is not listed in PGWHEN_SECRETS",
                    "Without that a step that uses it fails.",
                )
            )
        elif not environ.get(name):
            rows.append(
                _row(
                    "secrets",
                    "warning",
                    f"{name} is not set in this environment",
                    "Without it a step that uses it fails.",
                )
            )
    return rows or [_row("providers", "ok", "this environment has what active workflows need", None)]


def _choice(channel: str, configured: dict[str, "Connection"], environ: dict[str, str]) -> str:
    """Why the environment has nothing for a channel; "" where it has."""
    from ..poller import channels

    try:
        channels.choose(channel, None, configured, environ)
    except channels.NotConfigured as error:
        return str(error)
    return ""


def _row(check: str, status: str, detail: str, hint: str | None) -> dict[str, Any]:
    return {"check_name": check, "status": status, "detail": detail, "hint": hint}
