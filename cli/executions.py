"""`pgwhen executions`, `show`, `retry`, `cancel`, `skip-step`: what ran, and what to do about it."""

import functools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click
from rich.text import Text

from . import database
from .main import Session
from .options import confirm, json_object_or_none, json_or_none, yes_option
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

Command = Callable[..., Any]

#: Characters of a line with the output of a step, at most; --json has all of it.
LINE = 100

#: Executions that bulk commands change in one transaction.
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
    if parent := document.get("parent"):
        of = f"item {parent['index']} of" if parent["index"] is not None else "started by"
        lines.append(Text(f"  {of} {plain(parent['step_id'])} in {parent['execution_id']}"))
    if document["generation"] > 1:
        lines.append(Text(f"  retried: generation {document['generation']}"))
    if document["edited_input"] is not None:
        lines.append(Text(f"  input edited by an operator: {one_line(document['edited_input'], 200)}", style="yellow"))
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
    what = plain(step.get("message") or step["type"])
    head.append(f"  {what}  ", style="dim").append_text(state((status or "not begun").replace("_", " ")))
    if step["outcome"] in ("true", "false"):
        head.append(f" {step['outcome']}")
    # What was held or deferred was claimed, and is no attempt.
    made = max(len(step["attempts"]), step["tries"] or 0) + (status in ("claimed", "sending"))
    if made:
        head.append(f"  {made} attempt{'s' if made > 1 else ''}")
    if step["queued_at"] and status not in ("skipped", "not_reached"):
        head.append(f"  {clock(step['queued_at'])}")
        duration = took(step["queued_at"], step["finished_at"])
        head.append(f", took {duration}" if duration else f" ({relative(step['queued_at'])})", style="dim")
    lines = [head]
    if step["reason"]:
        lines.append(Text(f"      {plain(step['reason'])}"))
    if approval := step.get("approval"):
        lines.append(_approval(approval))
    if delivery := step.get("delivery"):
        lines += [
            Text(f"      {plain(one['status'])}: {plain(one['address'] or 'all recipients')}")
            for one in delivery["recipients"]
        ]
    if children := step.get("children"):
        lines.append(Text(f"      {plain(children['progress'])}", style="cyan"))
        lines += [_child(child) for child in children["executions"]]
        if (more := (children["completed"] + children["failed"] + children["open"]) - len(children["executions"])) > 0:
            lines.append(Text(f"      and {more} more", style="dim"))
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
    if step["output"] not in (None, {}):
        before = "      output "
        lines.append(Text(before + one_line(step["output"], min(out().width, LINE) - len(before)), style="dim"))
    return lines


def _child(child: dict[str, Any]) -> Text:
    """One execution that a loop or start made."""
    name = plain(child["workflow"]) if child["index"] is None else f"item {child['index']}"
    line = Text(f"      {name}  ").append_text(state(child["status"])).append(f"  {child['execution_id']}", style="dim")
    return line.append(f"  {one_line(child['reason'])}" if child["reason"] else "")


def _approval(approval: dict[str, Any]) -> Text:
    """How an approval stands."""
    line = f"      {approval['approved']} of {approval['wanted']} approved, {approval['rejected']} rejected"
    if approval["waiting"]:
        line += f"; waits for {plain(', '.join(approval['waiting']))}: pgwhen approvals show {approval['approval_id']}"
    return Text(line, style="cyan")


def _message(frozen: dict[str, Any], *, many: bool) -> list[Text]:
    """Who gets what: recipients and subject, or the beginning of the text, or method and address."""
    message = frozen["message"]
    to = ", ".join(frozen["recipients"]) or str(message.get("endpoint") or "")
    by = f" by {plain(frozen['connection'])}" if frozen["connection"] and "endpoint" not in message else ""
    generation = f" (generation {frozen['generation']})" if many else ""
    lines = []
    if to or generation or frozen["connection"] != frozen["channel"]:
        lines.append(Text(f"      {plain(frozen['channel'])}{' to ' + plain(to) if to else ''}{by}{generation}"))
    if message.get("url"):
        lines.append(Text(f"      {plain(message.get('method') or 'GET')} {one_line(message['url'], 120)}"))
    if title := message.get("subject") or message.get("title"):
        lines.append(Text(f"      “{one_line(title)}”"))
    if text := message.get("text") or message.get("body"):
        lines.append(Text(f"      {one_line(text, 120)}", style="dim"))
    if count := message.get("segments"):
        segments = "1 segment" if count == 1 else f"{count} segments"
        lines.append(Text(f"      {segments}, {plain(message.get('encoding'))}", style="dim"))
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

_filter_options = (
    workflow_option,
    click.option("--step", metavar="S", help="That failed, or is open, at this step."),
    since_option,
    click.option("--until", metavar="TIME", callback=since_callback, help="Before then."),
    click.option("--error-code", metavar="CODE", help="Whose step has this error code."),
)


def _filters(command: Command) -> Command:
    """The options that choose executions in bulk; the command gets them as ``chosen``."""

    @functools.wraps(command)
    def collect(*arguments: Any, **options: Any) -> Any:
        names = ("workflow", "step", "since", "until", "error_code")
        chosen = {name: options.pop(name) for name in names}
        return command(
            *arguments, chosen={name: value for name, value in chosen.items() if value is not None}, **options
        )

    for option in reversed(_filter_options):
        collect = option(collect)
    return collect


@click.command()
@click.argument("execution", nargs=-1)
@click.option("--failed", is_flag=True, help="All that have failed steps which nobody has retried, or of these:")
@_filters
@click.option("--following", is_flag=True, help="Also run again what stands behind the failed steps.")
@click.option("--from-start", is_flag=True, help="Run everything again.")
@click.option("--from", "from_step", metavar="STEP", help="Run this step again, and everything behind it.")
@click.option("--version", type=click.Choice(["original", "current"]), default="original", show_default=True,
              help="Go on in the version that it began with, or in the current one.")  # fmt: skip
@click.option("--input", "data", callback=json_object_or_none, metavar="JSON",
              help="Replace the input of the event, for these executions; - is stdin.")  # fmt: skip
@click.option("--reason", help="Why, for the audit log.")
@yes_option
@json_option
@click.pass_obj
def retry(
    session: Session,
    execution: tuple[str, ...],
    failed: bool,
    chosen: dict[str, Any],
    following: bool,
    from_start: bool,
    from_step: str | None,
    version: str,
    data: str | None,
    reason: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Retry executions from the steps that failed, are uncertain or are held.

    What is sent is rendered afresh, under a new idempotency key. EXECUTION is an id, or the beginning of one. Where
    messages that may have left before would leave again, you are asked first.
    """
    if bool(execution) == failed:
        raise click.UsageError("name executions, or give --failed, one of the two")
    if not failed and chosen:
        raise click.UsageError(f"--{next(iter(chosen)).replace('_', '-')} goes with --failed")
    if following + from_start + (from_step is not None) > 1:
        raise click.UsageError("--following, --from-start and --from exclude each other")
    scope = "following" if following else "start" if from_start else "step" if from_step else "failed"
    how = {"scope": scope, "step": from_step, "version": version, "input": data}
    with session.connect() as connection:
        ids = _all(connection, {"state": "failed", **chosen}) if failed else _find(connection, execution)
        generations = _confirm(connection, ids, how, yes) if scope != "failed" else None
        rows = []
        for page in _progressing("retrying", ids):
            more = how | ({"generations": [generations[i] for i in page]} if generations is not None else {})
            rows += database.retry_executions(connection, page, reason, **more)
    _print_results(rows, as_json, done="retried", strict=not failed)


def _confirm(
    connection: database.Connection, ids: list[UUID], how: dict[str, Any], yes: bool
) -> dict[UUID, int | None]:
    """Ask if messages leave again; the generations that the answer holds for."""
    rows = [
        row
        for page in _progressing("looking", ids)
        for row in database.retry_executions(connection, page, None, dry_run=True, **how)
    ]
    again = sum(row["again"] or 0 for row in rows if row["result"] == "can be retried")
    if again:
        confirm(f"{again} {'message' if again == 1 else 'messages'} that may have left before would leave again", yes)
    return {row["execution_id"]: row["generation"] for row in rows}


def _all(connection: database.Connection, chosen: dict[str, Any]) -> list[UUID]:
    """All executions of a filter."""
    ids: list[UUID] = []
    while page := database.find_executions(connection, chosen | {"after": ids[-1] if ids else None, "max": 10000}):
        ids += page
    return ids


def _progressing(what: str, ids: list[UUID]) -> Iterator[list[UUID]]:
    """Pages of ids under a progress bar: each is a transaction, so that the engine works on in between."""
    with progress() as bar:
        task = bar.add_task(what, total=len(ids))
        for start in range(0, len(ids), PAGE):
            yield ids[start : start + PAGE]
            bar.advance(task, len(ids[start : start + PAGE]))


@click.command()
@click.argument("execution", nargs=-1)
@_filters
@click.option("--reason", help="Why, for the audit log and the timeline.")
@yes_option
@json_option
@click.pass_obj
def cancel(
    session: Session, execution: tuple[str, ...], chosen: dict[str, Any], reason: str | None, yes: bool, as_json: bool
) -> None:
    """Cancel executions that have not ended: those named, or all that the options choose.

    What is on its way to a provider ends; its result is recorded, nothing follows from it.
    """
    if bool(execution) == bool(chosen):
        raise click.UsageError("name executions, or choose them by --workflow, --step, --since, --until, --error-code")
    with session.connect() as connection:
        if execution:
            ids = _find(connection, execution)
        else:
            ids = _all(connection, {"state": "unfinished", **chosen})
            if ids:
                confirm(f"{len(ids)} {'execution' if len(ids) == 1 else 'executions'} would be cancelled", yes)
        rows = []
        for page in _progressing("cancelling", ids):
            rows += database.cancel_executions(connection, page, reason)
    _print_results(rows, as_json, done="cancelled", strict=bool(execution), empty="nothing is unfinished")


def _find(connection: database.Connection, texts: tuple[str, ...]) -> list[UUID]:
    """The executions named; one that is not found stops the command before it does anything."""
    return [database.find_execution(connection, text) for text in texts]


def _print_results(
    rows: list[database.Row], as_json: bool, *, done: str, strict: bool, empty: str = "nothing has failed"
) -> None:
    """Print what came of each; with ``strict``, one that was refused makes the command fail."""
    refused = [row for row in rows if not row["result"].startswith(done)]
    if as_json:
        print_json(rows)
    elif not rows:
        talk(empty)
    elif strict:
        print_table(["execution*", "result"], ((str(row["execution_id"]), state(row["result"])) for row in rows))
    else:
        click.echo(f"{len(rows) - len(refused)} {done}, {len(refused)} not")
        print_table(
            ["execution*", "result"], ((str(row["execution_id"]), state(row["result"])) for row in refused[:20]), ""
        )
    if refused and strict:
        raise click.ClickException(f"{len(refused)} of {len(rows)} not {done}; pgwhen show EXECUTION says more")


# ---------------------------------------------------------------- skip-step


@click.command("skip-step")
@click.argument("what", nargs=-1, required=True, metavar="[EXECUTION]... STEP")
@click.option("--failed", is_flag=True, help="In all executions that failed at it, or of these:")
@click.option("--open", "open_", is_flag=True, help="In all unfinished executions that are at it, or of these:")
@_filters
@click.option("--reason", required=True, help="Why; shown with the step, and kept in the audit log.")
@click.option("--output", callback=json_or_none, metavar="JSON", help="What later steps see as its output; - is stdin.")
@click.option("--outcome", metavar="BRANCH", help="The branch to go on by, where there is none called success.")
@yes_option
@json_option
@click.pass_obj
def skip_step(
    session: Session,
    what: tuple[str, ...],
    failed: bool,
    open_: bool,
    chosen: dict[str, Any],
    reason: str,
    output: str | None,
    outcome: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Skip a step that failed, is uncertain or held, sleeps, waits, or stands in the queue, and go on.

    An execution that failed because of the step goes on, too. EXECUTION is an id, or the beginning of one.
    """
    *executions, step = what
    bulk = failed or open_
    if failed and open_:
        raise click.UsageError("--failed and --open exclude each other")
    if bool(executions) == bulk:
        raise click.UsageError("name executions and then the step, or give --failed or --open and the step")
    if (chosen and not bulk) or "step" in chosen:
        raise click.UsageError(
            f"--{next(iter(chosen)).replace('_', '-')} goes with --failed or --open; the step is an argument"
        )
    with session.connect() as connection:
        if bulk:
            ids = _all(connection, {"state": "failed" if failed else "unfinished", "step": step, **chosen})
            if ids:
                confirm(f"{step} would be skipped in {len(ids)} {'execution' if len(ids) == 1 else 'executions'}", yes)
        else:
            ids = _find(connection, tuple(executions))
        rows = []
        for page in _progressing("skipping", ids):
            rows += database.skip_step(connection, page, step, reason, output, outcome)
    _print_results(rows, as_json, done="skipped", strict=not bulk, empty="no execution is at it")
