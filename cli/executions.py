"""`pgwhen executions`, `show`, `retry`, `cancel`: what ran, and what to do about it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click
from rich.text import Text

from . import database
from .main import Session
from .options import since as since_callback
from .output import (
    clock,
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
    took,
    when,
)

STATES = ["pending", "running", "waiting", "completed", "failed", "cancelled"]

#: Executions retried in one transaction by `retry --failed`.
PAGE = 200

since_option = click.option(
    "--since", metavar="TIME", callback=since_callback, help="How long ago (2h, 3 days), or a time."
)
workflow_option = click.option("--workflow", metavar="W", help="Of this workflow only.")


@click.command()
@click.option("--status", type=click.Choice(STATES), help="In this state only.")
@workflow_option
@since_option
@click.option("--limit", type=click.IntRange(1, 10000), help="How many at most (50).")
@json_option
@click.pass_obj
def executions(
    session: Session,
    status: str | None,
    workflow: str | None,
    since: timedelta | datetime | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List executions, the newest first."""
    with session.connect() as connection:
        rows = database.list_executions(connection, status, workflow, since, limit)
    if as_json:
        return print_json(rows)
    print_table(
        ["execution*", "workflow", "status", "started", "took", "event", "reason"],
        (
            (
                row["execution_id"].__str__(),
                f"{row['workflow']} v{row['version']}",
                _status(row),
                when(row["started_at"]),
                took(row["started_at"], row["finished_at"]),
                one_line(f"{row['event'] or ''} {_key(row['record_key'])}".strip(), 50),
                one_line((row["error"] or {}).get("message") or row["reason"], 80),
            )
            for row in rows
        ),
        empty="no executions",
    )
    return None


def _status(execution: dict[str, Any]) -> Text:
    text = state(execution["status"])
    if execution["status"] == "completed" and execution["had_failures"]:
        text.append(" with failures", style="bold red")
    return text


def _key(key: dict[str, Any] | None) -> str:
    """A record's key as explain takes it: 7, or a=1,b=2."""
    if not key:
        return ""
    if len(key) == 1:
        return plain(next(iter(key.values())))
    return ",".join(f"{name}={plain(value)}" for name, value in key.items())


# ---------------------------------------------------------------- show


@click.command()
@click.argument("execution")
@json_option
@click.pass_obj
def show(session: Session, execution: str, as_json: bool) -> None:
    """Tell the story of an execution: each step, its attempts, what was sent, what went wrong.

    EXECUTION is its id, or the beginning of it.
    """
    with session.connect() as connection:
        document = database.show_execution(connection, database.find_execution(connection, execution))
    if as_json:
        print_json(document)
    else:
        print_execution(document)


def print_execution(document: dict[str, Any]) -> None:
    """Print the document of show_execution as a timeline."""
    console = out()
    title = Text(f"{plain(document['workflow'])} v{document['version']}  ", style="bold")
    console.print(title.append_text(_status(document)), Text(f"  {document['execution_id']}", style="dim"), sep="")
    for line in _facts(document):
        console.print(line)
    for step in document["steps"]:
        console.print()
        for line in _step(step):
            console.print(line, soft_wrap=True)
    for entry in document["logs"]:
        console.print(Text(f"\n  {clock(entry['at'])}  {entry['level']}: {plain(entry['message'])}", style="dim"))
    for entry in document["audit"]:
        because = f": {plain(entry['reason'])}" if entry["reason"] else ""
        console.print(Text(f"\n  {clock(entry['at'])}  {entry['command']} by {plain(entry['actor'])}{because}"))


def _facts(document: dict[str, Any]) -> list[Text]:
    """What started it, when, how it ended."""
    event, record = document["event"], document["record"]
    what = plain(event["type"] or "an event that is no longer kept")
    if record:
        what += f" {_key(record['key'])}"
    if event["actor"]:
        what += f" by {plain(event['actor'])}"
    lines = [Text(f"  {when(event['occurred_at'] or document['started_at'])}  {what}")]
    if document["generation"] > 1:
        lines.append(Text(f"  retried: generation {document['generation']}"))
    if document["finished_at"]:
        duration = took(document["started_at"], document["finished_at"])
        lines.append(Text(f"  ended {when(document['finished_at'])}, took {duration}"))
    error = document["error"] or {}
    because = ": ".join(plain(part) for part in (document["reason"], error.get("message")) if part)
    if because:
        lines.append(Text(f"  {because}", style="red" if document["status"] == "failed" else "yellow"))
    return lines


_MARKS = {"completed": "●", "skipped": "○", "not_reached": "○", "failed": "✗", "cancelled": "✗", None: "·"}


def _step(step: dict[str, Any]) -> list[Text]:
    """The lines of one step: its state, what was sent, attempts, error."""
    status = step["status"]
    head = (
        Text("  ")
        .append(_MARKS.get(status, "◐"), style=state(status).style)
        .append(f" {plain(step['step_id'])}", style="bold")
    )
    head.append(f"  {plain(step['type'])}  ", style="dim").append_text(state((status or "not begun").replace("_", " ")))
    if step["outcome"] in ("true", "false"):
        head.append(f" {step['outcome']}")
    if step["attempt"]:
        head.append(f"  {step['attempt']} attempt{'s' if step['attempt'] > 1 else ''}")
    if step["queued_at"] and status not in ("skipped", "not_reached"):
        head.append(f"  {clock(step['queued_at'])}")
        duration = took(step["queued_at"], step["finished_at"])
        head.append(f", took {duration}" if duration else f" ({relative(step['queued_at'])})", style="dim")
    lines = [head]
    if step["reason"]:
        lines.append(Text(f"      {plain(step['reason'])}"))
    if step["due"]:
        lines.append(Text(f"      {step['due']['purpose']}: {when(step['due']['at'])}", style="cyan"))
    if step["held"]:
        lines.append(Text(f"      held since {when(step['held']['since'])}", style="yellow"))
    for message in step["messages"]:
        lines += _message(message, many=len(step["messages"]) > 1)
    # One attempt that went well is said by the step itself.
    if [attempt["class"] for attempt in step["attempts"]] != ["ok"]:
        lines += [_attempt(attempt) for attempt in step["attempts"]]
    if step["error"] and not step["attempts"]:
        lines.append(Text(f"      {_error(step['error'])}", style="red"))
    return lines


def _message(frozen: dict[str, Any], *, many: bool) -> list[Text]:
    """Who gets what: recipients and subject, or the beginning of the text, or method and address."""
    message = frozen["message"]
    to = ", ".join(frozen["recipients"])
    by = f" by {plain(frozen['connection'])}" if frozen["connection"] else ""
    generation = f" (generation {frozen['generation']})" if many else ""
    lines = []
    if to or generation or frozen["connection"] != frozen["channel"]:
        lines.append(Text(f"      {plain(frozen['channel'])}{' to ' + plain(to) if to else ''}{by}{generation}"))
    if message.get("url"):
        lines.append(Text(f"      {plain(message.get('method') or 'GET')} {one_line(message['url'], 120)}"))
    if message.get("subject"):
        lines.append(Text(f"      “{one_line(message['subject'])}”"))
    if text := message.get("text") or message.get("body"):
        lines.append(Text(f"      {one_line(text, 120)}", style="dim"))
    return lines


def _attempt(attempt: dict[str, Any]) -> Text:
    line = Text(f"      attempt {attempt['attempt']}  {clock(attempt['finished_at'])}  ").append_text(
        state(attempt["class"])
    )
    if attempt["late"]:
        line.append("  late: nothing followed from it", style="dim")
    if attempt["error"]:
        line.append(f"  {_error(attempt['error'])}", style="red")
    elif attempt["provider_message_id"]:
        line.append(f"  {plain(attempt['provider_message_id'])}", style="dim")
    return line


def _error(error: dict[str, Any]) -> str:
    code = error.get("code")
    return one_line(f"{code}: {error.get('message')}" if code else error.get("message") or error, 240)


# ---------------------------------------------------------------- retry, cancel


@click.command()
@click.argument("execution", nargs=-1)
@click.option("--failed", is_flag=True, help="All that have failed steps which nobody has retried.")
@workflow_option
@since_option
@click.option("--reason", help="Why, for the audit log.")
@json_option
@click.pass_obj
def retry(
    session: Session,
    execution: tuple[str, ...],
    failed: bool,
    workflow: str | None,
    since: timedelta | datetime | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Retry executions from the steps that failed, are uncertain or are held.

    What is sent is rendered afresh, under a new idempotency key. EXECUTION is an id, or the beginning of one.
    """
    if bool(execution) == failed:
        raise click.UsageError("name executions, or give --failed, one of the two")
    if not failed and (workflow or since):
        raise click.UsageError("--workflow and --since go with --failed")
    with session.connect() as connection:
        if failed:
            rows = _retry_failed(connection, workflow, since, reason)
        else:
            rows = database.retry_executions(connection, _find(connection, execution), reason)
    _print_results(rows, as_json, done="retried", strict=not failed)


def _retry_failed(
    connection: database.Connection, workflow: str | None, since: timedelta | datetime | None, reason: str | None
) -> list[database.Row]:
    """Page by page, each in a transaction of its own, so that the engine works on in between."""
    rows: list[database.Row] = []
    with progress() as bar:
        task = bar.add_task("retrying", total=database.failed_executions(connection, workflow, since))
        after: UUID | None = None
        while page := database.retry_failed(connection, workflow, since, reason, after, PAGE):
            rows += page
            after = page[-1]["execution_id"]
            bar.advance(task, len(page))
    return rows


@click.command()
@click.argument("execution", nargs=-1, required=True)
@click.option("--reason", help="Why, for the audit log and the timeline.")
@json_option
@click.pass_obj
def cancel(session: Session, execution: tuple[str, ...], reason: str | None, as_json: bool) -> None:
    """Cancel executions that have not ended.

    What is on its way to a provider ends; its result is recorded, nothing follows from it.
    """
    with session.connect() as connection:
        rows = database.cancel_executions(connection, _find(connection, execution), reason)
    _print_results(rows, as_json, done="cancelled", strict=True)


def _find(connection: database.Connection, texts: tuple[str, ...]) -> list[UUID]:
    """The executions named; one that is not found stops the command before it does anything."""
    return [database.find_execution(connection, text) for text in texts]


def _print_results(rows: list[database.Row], as_json: bool, *, done: str, strict: bool) -> None:
    """Print what came of each; with ``strict``, one that was refused makes the command fail."""
    refused = [row for row in rows if not row["result"].startswith(done)]
    if as_json:
        print_json(rows)
    elif not rows:
        talk("nothing has failed")
    elif strict:
        print_table(["execution*", "result"], ((str(row["execution_id"]), state(row["result"])) for row in rows))
    else:
        click.echo(f"{len(rows) - len(refused)} {done}, {len(refused)} not")
        print_table(
            ["execution*", "result"], ((str(row["execution_id"]), state(row["result"])) for row in refused[:20]), ""
        )
    if refused and strict:
        raise click.ClickException(f"{len(refused)} of {len(rows)} not {done}; pgwhen show EXECUTION says more")
