"""`pgwhen dry-run`: what a workflow would do for an event, on the real database; nothing is sent, nothing written."""

import asyncio
import os
import re
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.text import Text

from ..poller.channels.email import name_documents
from ..poller.http import HttpClient
from ..poller.mail import Mailer
from ..poller.outcome import Outcome
from ..poller.perform import Performer
from ..poller.settings import from_environment
from ..poller.templates import dumps, loads
from . import database, scratch
from .connections import defined_rows
from .definitions import read_json, read_yaml
from .main import Session
from .options import key_of
from .output import json_option, one_line, out, plain, print_json, talk
from .simulation import Given, Message, Run, Way, explore, fields_of, given_steps, simulate

#: Types whose steps reach nobody, and what others are for people.
_LOCAL = ("document", "calendar", "code")
_CALLS = {"webhook": "a webhook", "action": "an action of yours"}

#: How many ways are followed where outcomes are not known.
MAX_WAYS = 16

#: How many messages --send-to sends.
MAX_SENT = 50

#: Seconds for the whole of a dry run in the database.
STATEMENT_TIMEOUT = "30s"

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


@click.command("dry-run")
@click.argument("workflow")
@click.option("--event", metavar="FILE|ID", help="A past event, or a file that gives one as tests do (- is stdin).")
@click.option("--row", metavar="TABLE:KEY", help="A record as it is now.")
@click.option("--input", "data", metavar="JSON", help="Input of a manual start.")
@click.option(
    "--given", "givens", multiple=True, metavar="steps.X.output=JSON", help="What a step comes to; repeatable."
)
@click.option("--draft/--active", default=None, help="Which version; the draft where there is one.")
@click.option("--send-to", metavar="ADDRESS", help="Really send the messages, all to this e-mail address or number.")
@click.option("--allow-http", is_flag=True, help="With --send-to: make the http calls as well.")
@json_option
@click.pass_obj
def dry_run(
    session: Session,
    workflow: str,
    event: str | None,
    row: str | None,
    data: str | None,
    givens: tuple[str, ...],
    draft: bool | None,
    send_to: str | None,
    allow_http: bool,
    as_json: bool,
) -> None:
    """Run a workflow in pretence: nothing is sent, nothing stays written.

    The real engine, in a transaction that is rolled back, its clock turned on over delays. Where an outcome hangs on
    what is not known (the answer of a server, a person's decision) every way is shown. Database steps are performed,
    with the rights of pgwhen_actions, and rolled back.
    """
    if sum(value is not None for value in (event, row, data)) != 1:
        raise click.UsageError("say for what: one of --event, --row and --input")
    if allow_http and not send_to:
        raise click.UsageError("--allow-http goes with --send-to")
    if send_to and not (_NUMBER.fullmatch(send_to) or _ADDRESS.fullmatch(send_to)):
        raise click.UsageError(f"{send_to} is neither an e-mail address nor a number like +31612345678")
    given = given_steps(dict(_given_option(text) for text in givens))
    with session.connect(autocommit=False) as connection:
        connection.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")
        connection.execute("set local lock_timeout = '2s'")
        try:
            # All ways begin at one time, so that what they have in common is the same.
            at = database.transaction_time(connection).isoformat()
            sample = {"at": at, **_event(connection, event, row, data)}
        except scratch.ScratchError as error:
            raise click.ClickException(str(error)) from error

        def once(known: Given) -> dict[str, Any]:
            return database.dry_run(connection, workflow, sample, known, draft)

        defined = defined_rows(connection)
        if send_to:
            sent = asyncio.run(_send(session.dsn(), once, given, send_to, allow_http, defined))
            ways, complete = [Way((), sent)], True
        else:
            ways, complete = explore(lambda known: simulate(once, known, os.environ, defined=defined), given, MAX_WAYS)
        connection.rollback()
    if as_json:
        print_json(_data(ways, complete))
    else:
        _print(ways, complete, sent=bool(send_to))


# ---------------------------------------------------------------- what is given


def _given_option(text: str) -> tuple[str, Any]:
    """``steps.crm.output={"id": 7}`` -> (crm.output, {"id": 7})."""
    name, sign, value = text.partition("=")
    match = re.fullmatch(r"(?:steps\.)?([a-z][a-z0-9_]*\.(?:output|error|outcome|if))", name.strip())
    if not sign or not match:
        raise click.UsageError(f"--given {text}: write steps.STEP.output=JSON (or error, outcome)")
    try:
        return match[1], loads(value)
    except ValueError:
        if match[1].endswith(".outcome"):
            return match[1], value
        raise click.UsageError(f"--given {name}: {value} is not JSON") from None


def _event(connection: database.Connection, event: str | None, row: str | None, data: str | None) -> dict[str, Any]:
    """The event as dry_run takes it. Rows of a file are written in the transaction that is rolled back."""
    if data is not None:
        return {"input": _object(read_json(data, "--input")[0].definition, "--input")}
    if row is not None:
        table, colon, key = row.partition(":")
        if not (table and colon and key):
            raise click.UsageError(f"{row} is not TABLE:KEY, such as leads:7")
        return {"table": table, "key": key_of(key)}
    assert event is not None
    try:
        return {"event_id": str(UUID(event))}
    except ValueError:
        pass
    if event == "-":
        text = sys.stdin.read()
    else:
        try:
            text = Path(event).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(
                f"{event} is neither the id of an event nor a file that can be read: {error}"
            ) from error
    documents = read_json(text, event) if text.lstrip()[:1] == "{" else read_yaml(text, event)
    document = documents[0].definition
    return _sample(connection, _object(document, event))


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise click.UsageError(f"{name} holds no object")
    return value


def _sample(connection: database.Connection, given: dict[str, Any]) -> dict[str, Any]:
    """A file's event: {table, new, old, rows} as tests give it, or what dry_run itself takes."""
    for name, rows in (given.get("rows") or {}).items():
        for one in rows if isinstance(rows, list) else [rows]:
            scratch.write_row(connection, name, one)
    table, new, old = given.get("table"), given.get("new"), given.get("old")
    if not table or (new is None and old is None):
        return {key: value for key, value in given.items() if key != "rows"}
    sample: dict[str, Any] = {"table": table, **({"at": given["at"]} if given.get("at") else {})}
    if new is None:
        return sample | {"old": scratch.write_or_change_row(connection, table, _object(old, "old"))}
    if old is not None:
        sample["old"] = scratch.write_or_change_row(connection, table, {**new, **old})
        return sample | {"new": scratch.update_row(connection, table, sample["old"], new)}
    return sample | {"new": scratch.write_or_change_row(connection, table, new)}


# ---------------------------------------------------------------- --send-to


async def _send(
    dsn: str,
    once: Callable[[Given], dict[str, Any]],
    given: Given,
    address: str,
    allow_http: bool,
    defined: Sequence[Mapping[str, Any]],
) -> Run:
    """Send message by message; each answer is what the step comes to, and decides what follows."""
    settings = from_environment(dsn, dict(os.environ))
    settings.connections.learn(defined, 0)
    known = dict(given)
    sent: set[int] = set()
    documents: dict[str, bytes] = {}
    async with HttpClient(settings.guard, limit=1) as http, Mailer() as mailer:
        performer = Performer(http, mailer, settings.connections, settings.vault)
        while True:
            run = simulate(once, known, settings.environ, pretend=False, defined=defined)
            known = dict(run.given)
            waiting = [message for message in run.messages if message.message and message.number not in sent]
            if not waiting or len(sent) >= MAX_SENT:
                return run
            message = waiting[0]
            sent.add(message.number)
            key, step = f"#{message.number}", message.step_id
            if key in known or known.get(step, {}).keys() & {"output", "error"}:
                continue
            replaced = replaced_message(message, address, allow_http)
            if isinstance(replaced, str):
                talk(f"{step}: not sent: {replaced}")
                continue
            if message.type == "email":
                name_documents(replaced, message.action.get("context") or {})
            action = {**message.action, "documents": documents}
            outcome = await performer.perform(action, message.connection, replaced)
            made = (outcome.extra or {}).get("document")
            if made:
                documents[made["id"]] = b64decode(made["content"])
            done = f"sent to {address}" if message.type in ("email", "sms") else "performed"
            talk(f"{step}: {done}: {outcome.class_}")
            known[key] = _outcome(outcome)


def replaced_message(message: Message, address: str, allow_http: bool) -> dict[str, Any] | str:
    """The message with its recipients replaced, or why it is not sent."""
    original = message.message or {}
    number = bool(_NUMBER.fullmatch(address))
    if message.type in _LOCAL:
        return original
    if "url" in original or message.type in ("http", "webhook", "action"):
        return original if allow_http else f"{_CALLS.get(message.type, 'an http call')}; --allow-http makes it"
    if message.type not in ("email", "sms"):
        return f"a message of the type {message.type}, and {address} is no address of one"
    if "subject" in original and not number:
        kept = {key: value for key, value in original.items() if key not in ("cc", "bcc")}
        others = [*original.get("to", []), *original.get("cc", []), *original.get("bcc", [])]
        headers = {**original.get("headers", {}), "X-Pgwhen-Original-To": ", ".join(others)[:900]}
        subject = f"[to {', '.join(others)[:200]}] {original['subject']}"
        return {**kept, "to": [address], "headers": headers, "subject": subject}
    if "subject" in original:
        return f"an e-mail, and {address} is a number"
    return {**original, "to": address} if number else f"no e-mail, and {address} is no number"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    """What a step comes to: what cannot be told apart from a failure here is one."""
    if outcome.class_ == "ok":
        return {"output": outcome.output or {}}
    return {"error": {**(outcome.error or {}), "class": "permanent"}}


# ---------------------------------------------------------------- output


def _data(ways: Sequence[Way], complete: bool) -> dict[str, Any]:
    """All ways as JSON. Contexts are not in it, messages are."""
    first = ways[0].run.document
    head = {key: first[key] for key in ("workflow", "version", "draft", "status", "event", "starts", "reasons")}
    return head | {"complete": complete, "ways": [_way_data(way) for way in ways]}


def _way_data(way: Way) -> dict[str, Any]:
    document = way.run.document
    return {
        "assumed": [{"step": step, "outcome": outcome} for step, outcome in way.assumed],
        "executions": document["executions"],
        "messages": [
            {
                "step_id": one.step_id,
                "execution_id": one.execution_id,
                "type": one.type,
                "at": one.at,
                "message": one.message,
                "error": one.error,
            }
            for one in way.run.messages
        ],
        "statements": document["statements"],
        "unknown": document["unknown"],
        "stopped": document.get("stopped"),
    }


def _print(ways: Sequence[Way], complete: bool, sent: bool) -> None:
    first = ways[0].run.document
    version = "the draft" if first["draft"] else f"version {first['version']}"
    event = first["event"]
    what = f"{event['type']} {dumps(event['key']) if event['key'] else ''}".strip()
    _line(f"{first['workflow']}, {version}, for {what}", "bold")
    if first["status"] != "active":
        _line(f"The workflow is {first['status']}: really nothing would start now.", "yellow")
    if not first["starts"]:
        for reason in first["reasons"]:
            _line(f"It would not start: {reason}")
        return
    seen: set[str] = set()
    for way in ways:
        if way.assumed:
            words = " and ".join(f"{step} is {_word(outcome)}" for step, outcome in way.assumed)
            out().print()
            _line(f"If {words}:", "bold")
        _print_way(way, seen)
    if not complete:
        _line(f"There are more ways; {len(ways)} are shown. --given settles what is not known.", "yellow")
    if any(way.run.document["statements"] for way in ways):
        talk("statements were performed with the rights of pgwhen_actions, and rolled back")
    if not sent:
        talk("nothing was sent, nothing was written")


def _word(outcome: Any) -> str:
    return {"True": "true", "False": "false"}.get(str(outcome), str(outcome).partition(":")[2] or str(outcome))


def _print_way(way: Way, seen: set[str]) -> None:
    """The steps of a way, those only that no way before had so."""
    document = way.run.document
    unknown = {one["step_id"]: one for one in document["unknown"]}
    for execution in document["executions"]:
        if execution["parent_execution_id"]:
            item = f" {execution['item_index']}" if execution["item_index"] is not None else ""
            title = f"  {execution['parent_step_id'] or execution['workflow']}{item}: {one_line(execution['item'], 80)}"
            head = [Text(title.rstrip(": "), style="dim")]
        else:
            head = []
        lines: list[Text] = []
        for step in sorted(way.run.steps(execution), key=lambda step: step["queued_at"]):
            block = _step_lines(way.run, execution, step, unknown.get(step["step_id"]))
            text = "\n".join(line.plain for line in block)
            if text not in seen:
                seen.add(text)
                lines += block
        for line in [*head, *lines] if lines else []:
            out().print(line, soft_wrap=True)
    root = document["executions"][0] if document["executions"] else None
    if root:
        why = f": {root['reason'] or (root['error'] or {}).get('message')}" if root["reason"] or root["error"] else ""
        _line(f"The execution is {root['status']}{why}", "dim")
    if document.get("stopped"):
        _line(str(document["stopped"]), "yellow")


def _step_lines(
    run: Run, execution: Mapping[str, Any], step: Mapping[str, Any], unknown: Mapping[str, Any] | None
) -> list[Text]:
    """One step: when, what, what became of it, and what it would send or write."""
    if step["status"] in ("not_reached", "cancelled"):
        return []
    failed = step["status"] == "failed"
    outcome = None if failed or step["outcome"] in (None, "success") else step["outcome"]
    word = _word(outcome) if outcome else step["status"]
    if step["type"] == "delay" and step["finished_at"]:
        word = f"until {_time(step['finished_at'])}"
    why = (step["error"] or {}).get("message") if failed else step["why"] or step["text"] or step["reason"]
    note = ""
    if unknown:
        others = ", ".join(_word(one) for one in unknown["outcomes"] or () if one != unknown["assumed"])
        note = f" (not known; or {others})" if others else " (not known)"
    because = f": {plain(why)}" if why else ""
    head = f"{_time(step['queued_at'])}  {step['step_id']}  {step['type']}  {word}{note}{because}"
    lines = [Text(plain(head), style="red" if failed else "")]
    for message in run.messages:
        if (message.execution_id, message.step_id) == (execution["execution_id"], step["step_id"]) and message.message:
            lines += [Text(f"    {line}") for line in _message_lines(message.message)]
    for statement in run.document["statements"]:
        if (statement["execution_id"], statement["step_id"]) == (execution["execution_id"], step["step_id"]):
            lines.append(Text(f"    {one_line(statement['output'] or statement['error'], 200)}"))
    return lines


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _field(value: Any) -> str:
    """A value of a message as text: numbers are exact, lines end with a line feed."""
    if isinstance(value, list) and all(map(_is_text, value)):
        return ", ".join(value)
    return value.replace("\r\n", "\n").rstrip("\n") if isinstance(value, str) else "" if value is None else dumps(value)


def _message_lines(message: Mapping[str, Any]) -> list[str]:
    fields = fields_of(message)
    if "url" in fields:
        body = dumps(fields["json"]) if "json" in fields else str(fields.get("body") or "")
        parts = [
            f"{plain(part['name'])}: {one_line(part.get('file') or part.get('text', ''))}"
            for part in fields.get("multipart") or ()
        ]
        return [f"{fields['method']} {plain(fields['url'])}", *parts, *plain(body).splitlines()]
    hidden = ("text", "html", "date", "message_id", "headers")
    heads = [f"{key}: {plain(_field(value))}" for key, value in fields.items() if key not in hidden]
    return [
        *(line for head in heads for line in head.split("\n")),
        *plain(str(fields.get("text") or fields.get("html") or "")).splitlines(),
    ]


def _time(value: str) -> str:
    return value[:19].replace("T", " ")


def _line(text: str, style: str = "") -> None:
    out().print(Text(plain(text), style=style), soft_wrap=True)
